"""The only place that speaks to AWS: SQS, S3 and the session behind them."""
