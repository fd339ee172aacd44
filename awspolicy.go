package keyhaven

import "time"

// AWSPolicy is a managed policy that every account has, under AWS's ARN.
type AWSPolicy struct {
	Name        string
	Path        string
	ID          string
	Description string
	Document    string
	CreatedAt   time.Time
}

// ARN names the policy.
func (p *AWSPolicy) ARN() string { return "arn:aws:iam::aws:policy" + p.Path + p.Name }

var awsPolicies = []AWSPolicy{
	{
		Name: "AdministratorAccess", Path: "/", ID: "ANPAIWMBCKSKIEE64ZLYK",
		Description: "Provides full access to AWS services and resources.",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	},
	{
		Name: "PowerUserAccess", Path: "/", ID: "ANPAJYRXTHIB4FOVS3ZXS",
		Description: "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"},` +
			`{"Effect":"Allow","Action":["iam:ListRoles"],"Resource":"*"}]}`,
	},
	{
		Name: "IAMFullAccess", Path: "/", ID: "ANPAI7XKCFMBPM3QQRRVQ",
		Description: "Provides full access to IAM.",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}`,
	},
	{
		Name: "IAMReadOnlyAccess", Path: "/", ID: "ANPAJKSO7NDY4T57MWDSQ",
		Description: "Provides read only access to IAM.",
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:Get*",` +
			`"iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`,
	},
	{
		Name: "IAMUserChangePassword", Path: "/", ID: "ANPAJ4L4MM2A7QIEB56MS",
		Description: "Provides the ability for an IAM user to change their own password.",
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],` +
			`"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}`,
	},
	{
		Name: "AmazonS3FullAccess", Path: "/", ID: "ANPAIFIR6V6BVTRAHWINE",
		Description: "Provides full access to all buckets.",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}`,
	},
	{
		Name: "AmazonS3ReadOnlyAccess", Path: "/", ID: "ANPAIZTJ4DXE7G6AGAE6M",
		Description: "Provides read only access to all buckets.",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}`,
	},
	{
		Name: "AmazonLightsailFullAccess", Path: "/", ID: "ANPAKEYHAVENLIGHTSAIL",
		Description: "Provides full access to Lightsail.",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lightsail:*"],"Resource":"*"}]}`,
	},
}

// AWSPolicies returns the managed policies that every account has, in order of
// name. The one of Lightsail is ours: AWS has none.
func AWSPolicies() []AWSPolicy {
	out := make([]AWSPolicy, len(awsPolicies))
	for i, p := range awsPolicies {
		p.CreatedAt = time.Date(2015, 2, 6, 18, 40, 0, 0, time.UTC)
		out[i] = p
	}
	return out
}

// FindAWSPolicy returns the policy of this ARN; ok is false when there is none.
func FindAWSPolicy(arn string) (p AWSPolicy, ok bool) {
	for _, p := range AWSPolicies() {
		if p.ARN() == arn {
			return p, true
		}
	}
	return AWSPolicy{}, false
}
