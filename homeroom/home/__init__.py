"""Home: what each person sees first. A family its feed, a teacher the day, a leader the school.

It owns no data and changes nothing: it puts together what the modules below it show.
"""
