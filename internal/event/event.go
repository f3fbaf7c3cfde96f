// Package event has the messages and attributes that the client logs. WithLogger documents them, and the command-line tool
// shows its progress by them.
package event

// The messages.
const (
	Attempt     = "intune: attempt"
	Waiting     = "intune: waiting"
	Waited      = "intune: waited"
	Reconciling = "intune: reconciling"
	Reconciled  = "intune: reconciled"
)

// Attributes that more than one message has.
const (
	ClientRequestID = "clientRequestId"
	ID              = "id"
	Reason          = "reason"
	Until           = "until"
	UploadDateTime  = "uploadDateTime"
)

// The values of Reason.
const (
	ReasonQuota        = "quota"
	ReasonThrottled    = "throttled"
	ReasonUnavailable  = "unavailable"
	ReasonProvisioning = "provisioning"
)
