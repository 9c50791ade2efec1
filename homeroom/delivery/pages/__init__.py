"""Delivery's pages: reading, acting, following what one sent, and one's own wishes."""
