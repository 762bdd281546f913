"""The pages for people: what is going on, at `/`, and what each trouble means, at `/runbook`.

They show counters, times, reasons and names of events. They show no settings, and no content of events. All untrusted
text is escaped. The pages are plain HTML, work without JavaScript, and load nothing else.
"""
