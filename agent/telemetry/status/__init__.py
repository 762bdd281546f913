"""The pages for people: what is going on, at `/`, and what each trouble means, at `/runbook`.

They show counters, times, reasons and names of events; of dead letters also bucket, key and message id. Of an event
they show no more than its name, its service, its number, its failures and its time.

The detail of a fault or of a dead letter is the exception. It holds up to 500 characters of what the sink, S3 or SQS
said, and these may quote anything: a part of an event, an ARN. It also names the endpoint that does not answer, without
user and password, and other settings that have to do with the fault. The agent itself puts no credential and no header
there.

All untrusted text is escaped. The pages are plain HTML, work without JavaScript, and load nothing else.
"""
