package iam

import (
	"context"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/policy"
	"github.com/keyhaven/keyhaven/internal/query"
)

// The words by which a request for this door is known.
const (
	Service   = "iam"
	Version   = "2010-05-08"
	namespace = "https://iam.amazonaws.com/doc/2010-05-08/"
)

// Door answers the IAM API.
type Door struct {
	*query.Door
	access *access.Service
	ids    *identity.Service
	report *reports
}

// New returns a door over the services.
func New(a *access.Service, ids *identity.Service) *Door {
	d := &Door{access: a, ids: ids, report: newReports()}
	d.Door = query.New(query.Service{Name: Service, Version: Version, Namespace: namespace, Access: a}, d.rows())
	return d
}

// about is what a request is about, for the decision whether it may be.
type about struct {
	holder   identity.Holder
	path     *string        // of what is to be made
	arn      string         // in the place of holder's
	tags     []keyhaven.Tag // that the request brings
	tagKeys  []string       // that the request takes away
	policy   *string        // the managed policy that is attached or detached
	boundary *string        // that the request brings
	passes   *string        // the role that is handed to a service
	guard    guard          // what must not exceed the caller
}

// on makes the decision of an operation: the action of its name on what the
// request is about.
func on[In any](d *Door, of func(c *query.Call, in *In) about) func(context.Context, *query.Call, *In) error {
	return func(ctx context.Context, c *query.Call, in *In) error {
		if err := sessionMay(c); err != nil {
			return err
		}
		a := of(c, in)
		res, found, err := d.resource(ctx, c, a)
		if err != nil {
			return err
		}
		if err := d.access.Authorize(ctx, c.Identity, "iam:"+c.Op.Name, res); err != nil {
			return err
		}
		if a.passes != nil {
			if err := d.mayPass(ctx, c, *a.passes); err != nil {
				return err
			}
		}
		return a.guard.check(c, a, found)
	}
}

// anywhere is the decision of an operation that is about nothing in particular.
func anywhere[In any](d *Door) func(context.Context, *query.Call, *In) error {
	return on(d, func(*query.Call, *In) about { return about{arn: "*"} })
}

func (d *Door) resource(ctx context.Context, c *query.Call, a about) (access.Resource, identity.Found, error) {
	found := identity.Found{ARN: a.arn}
	if a.arn == "" {
		var err error
		if a.path != nil {
			found.ARN = a.holder.ARN(c.Account(), orSlash(*a.path))
		} else if found, err = d.ids.Find(ctx, c.Account(), a.holder); err != nil {
			return access.Resource{}, found, err
		}
	}
	facts := policy.Values{}
	for _, t := range found.Tags {
		facts["iam:resourcetag/"+lower(t.Key)] = []string{t.Value}
	}
	for _, t := range a.tags {
		facts["aws:requesttag/"+lower(t.Key)] = []string{t.Value}
		facts["aws:tagkeys"] = append(facts["aws:tagkeys"], t.Key)
	}
	if a.tagKeys != nil {
		facts["aws:tagkeys"] = a.tagKeys
	}
	if a.policy != nil {
		facts["iam:policyarn"] = []string{*a.policy}
	}
	switch {
	case a.boundary != nil:
		facts["iam:permissionsboundary"] = []string{*a.boundary}
	case found.Boundary != "":
		facts["iam:permissionsboundary"] = []string{found.Boundary}
	}
	return access.Resource{ARN: found.ARN, Account: c.Account(), Tags: found.Tags, Context: facts}, found, nil
}

// mayPass decides whether the caller may hand a role to a service ("Granting a
// user permissions to pass a role to an AWS service").
func (d *Door) mayPass(ctx context.Context, c *query.Call, role string) error {
	found, err := d.ids.Find(ctx, c.Account(), identity.OfRole(role))
	if err != nil {
		return err
	}
	return d.access.Authorize(ctx, c.Identity, "iam:PassRole", access.Resource{
		ARN: found.ARN, Account: c.Account(), Tags: found.Tags, Context: policy.Values{"iam:passedtoservice": {"ec2.amazonaws.com"}},
	})
}

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
