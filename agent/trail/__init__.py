"""The formats that CloudTrail and S3 define: notifications, object keys, files and records. Pure."""
