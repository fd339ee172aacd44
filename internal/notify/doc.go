// Package notify sends the reports of changes to webhooks. The reports are
// queued in the store by the transactions that make the changes, so none is lost
// and none is sent of a change that did not happen. Each is sent at least once:
// it leaves the queue after its receiver has answered. Reports for one webhook
// are sent in order; one that fails is tried again with growing pauses, and
// given up after a week.
package notify
