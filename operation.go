package keyhaven

import "time"

// Operation is Lightsail's record of one change (spec/lightsail-api.md §1.6).
type Operation struct {
	ID           string // uuid
	Account      AccountID
	Region       string
	ResourceName string
	ResourceType string
	Type         string // the name of the API operation
	Details      string // the other resource of a two-resource operation
	CreatedAt    time.Time
}
