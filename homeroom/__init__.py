"""Homeroom 家校桥."""
