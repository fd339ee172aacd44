package keyhaven

// PrincipalKind says who signed a request.
type PrincipalKind uint8

// The principals. The zero value is Anonymous: nobody gets more by forgetting.
const (
	Anonymous PrincipalKind = iota
	Root
	BucketKey
)

// Principal is the verified caller of a request.
type Principal struct {
	Kind        PrincipalKind
	Account     AccountID
	CanonicalID string
	AccessKeyID string
	BucketID    BucketID // the one bucket of a BucketKey
	BucketName  string
}

// ARN names the principal in denials and access records; "" for anonymous.
// The form for a bucket key is ours: AWS hides the principal behind it.
func (p *Principal) ARN() string {
	switch p.Kind {
	case Root:
		return "arn:aws:iam::" + string(p.Account) + ":root"
	case BucketKey:
		return "arn:aws:lightsail::" + string(p.Account) + ":bucket-access-key/" + p.BucketName + "/" + p.AccessKeyID
	}
	return ""
}
