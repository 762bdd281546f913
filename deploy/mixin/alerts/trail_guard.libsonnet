// The calls that can blind the trail. Critical is what stops it or destroys evidence at once. A changed setting may do the
// same, but mostly does not: a person must read it.
local cloudtrail = ['cloudtrail.amazonaws.com'];
local s3 = ['s3.amazonaws.com'];
local sqs = ['sqs.amazonaws.com'];
local kms = ['kms.amazonaws.com'];
[
  {
    name: 'TrailStopped',
    sources: cloudtrail,
    events: ['StopLogging', 'DeleteTrail'],
    severity: 'critical',
    what: 'A trail was stopped or deleted',
    means: 'Nothing that happens from now on is written down by this trail. This is what somebody does first who wants not to be seen.',
    todo: 'Start it again (aws cloudtrail start-logging) and ask afterwards. Event history in the CloudTrail console has the last 90 days of management events even so.',
  },
  {
    name: 'BucketLost',
    sources: s3,
    events: ['DeleteBucket', 'DeleteBucketPolicy'],
    severity: 'critical',
    what: 'The bucket of the trail, or its policy, was deleted',
    means: 'Without the policy, CloudTrail may not write into the bucket any more; without the bucket, there is nothing at all.',
    todo: 'Put bucket and policy back. CloudTrail tries for 30 days to write what it could not: then all of it still comes.',
  },
  {
    name: 'QueueLost',
    sources: sqs,
    events: ['DeleteQueue', 'PurgeQueue'],
    severity: 'critical',
    what: 'The queue was deleted or emptied',
    means: 'The agent hears nothing of the objects whose messages were in it. The objects themselves are in the bucket.',
    todo: 'Make the queue again, then replay that time: deploy/README.md, "History in Loki".',
  },
  {
    name: 'TrailChanged',
    sources: cloudtrail,
    events: ['UpdateTrail', 'PutEventSelectors', 'PutInsightSelectors'],
    severity: 'warning',
    what: 'The settings of a trail were changed',
    means: 'A trail can be sent to another bucket, or told to leave out management events: then it runs, and the agent sees nothing.',
    todo: 'See the record, and `aws cloudtrail get-trail` and `get-event-selectors`.',
  },
  {
    name: 'BucketChanged',
    sources: s3,
    events: ['PutBucketPolicy', 'PutBucketLifecycle', 'PutBucketNotification'],
    severity: 'warning',
    what: 'The policy, life cycle or notification of the bucket of the trail was changed',
    means: 'Another policy can shut CloudTrail or the agent out; a life cycle can delete evidence; without its notification, the agent hears of no object.',
    todo: 'See the new setting in the record. TrailAgentNoObjects tells if nothing comes any more.',
  },
  {
    name: 'QueueChanged',
    sources: sqs,
    events: ['AddPermission', 'RemovePermission', 'SetQueueAttributes'],
    severity: 'warning',
    what: 'The queue was changed',
    means: 'Another policy can shut the bucket out, or let others take messages away; a shorter retention deletes what waits.',
    todo: 'See the new attributes in the record, and compare them with deploy/iam and with the numbers of deploy/README.md.',
  },
  {
    name: 'KeyChanged',
    sources: kms,
    events: ['DisableKey', 'PutKeyPolicy', 'ScheduleKeyDeletion'],
    severity: 'warning',
    what: 'A key was disabled, marked for deletion, or given another policy',
    means: 'If it encrypts the trail or the queue, the agent can read nothing any more; TrailAgentWaiting then tells. A key is deleted after seven days at the earliest, and until then it can be saved; after that, all that it encrypted is lost.',
    todo: 'Compare the key with that of the trail and the queue. Name these in select.kms_keys to hear of no others.',
  },
  {
    name: 'Attempted',
    outcome: 'failure',
    severity: 'warning',
    what: 'Somebody tried to change what guards the evidence, and could not',
    means: 'AWS refused the call. A program that lost a right looks like this; so does somebody who tries.',
    todo: 'See who it was and from where; look at what else they did.',
  },
]
