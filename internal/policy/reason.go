package policy

var sourceNames = [numSources]string{"identity-based policy", "resource-based policy", "permissions boundary", "session policy"}

func (s Source) String() string { return sourceNames[s] }

// Because says why an action is denied, in AWS's words for the end of a denial;
// "" for an allowed one.
func (d Decision) Because(action string) string {
	switch d.Outcome {
	case Allowed:
		return ""
	case ExplicitDeny:
		article := "a"
		if d.Source == FromIdentity {
			article = "an"
		}
		return "with an explicit deny in " + article + " " + d.Source.String()
	default:
		return "because no " + d.Source.String() + " allows the " + action + " action"
	}
}
