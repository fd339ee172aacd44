package iam

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/query"
)

func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// some is a member that is left out when empty.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// encoded is a policy document as answers hold it: URL-encoded after RFC 3986.
func encoded(doc string) *string {
	return new(strings.ReplaceAll(url.QueryEscape(doc), "+", "%20"))
}

// defaultItems is how many a page has when the request does not say.
const defaultItems = 100

// page reads where a listing goes on, and how long a page is.
func page(marker *string, items *int32) (identity.Page, error) {
	p := identity.Page{Max: defaultItems}
	if items != nil {
		p.Max = int(*items)
	}
	if marker == nil {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*marker)
	if err != nil || len(raw) == 0 {
		return p, query.ValidationError("'marker'", "Marker", "be the Marker of an earlier answer")
	}
	p.Marker = string(raw)
	return p, nil
}

// next is the marker of the next page, nil for none.
func next(after string) *string {
	if after == "" {
		return nil
	}
	return new(base64.RawURLEncoding.EncodeToString([]byte(after)))
}

func tagShapes(tags []keyhaven.Tag) []types.Tag {
	out := make([]types.Tag, len(tags))
	for i, t := range tags {
		out[i] = types.Tag{Key: new(t.Key), Value: new(t.Value)}
	}
	return out
}

// tagsOrNone leaves an empty list out.
func tagsOrNone(tags []keyhaven.Tag) []types.Tag {
	if len(tags) == 0 {
		return nil
	}
	return tagShapes(tags)
}

func tagsOf(shapes []types.Tag) []keyhaven.Tag {
	tags := make([]keyhaven.Tag, len(shapes))
	for i, t := range shapes {
		tags[i] = keyhaven.Tag{Key: value(t.Key), Value: value(t.Value), HasValue: true}
	}
	return tags
}

func boundaryShape(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{
		PermissionsBoundaryArn: new(arn), PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy,
	}
}

// userShape is a user as lists show it: without tags and boundary, as AWS does.
func userShape(u *keyhaven.User) types.User {
	return types.User{
		UserName: new(u.Name), UserId: new(u.ID), Path: new(u.Path), Arn: new(u.ARN()), CreateDate: new(u.CreatedAt),
		PasswordLastUsed: when(u.PasswordLastUsed),
	}
}

func userDetail(u *keyhaven.User) *types.User {
	s := userShape(u)
	s.Tags, s.PermissionsBoundary = tagsOrNone(u.Tags), boundaryShape(u.Boundary)
	return &s
}

// rootShape is the root as GetUser shows it.
func rootShape(a *keyhaven.Account) *types.User {
	return &types.User{
		UserName: some(a.Alias), UserId: new(string(a.ID)), Path: new("/"), Arn: new("arn:aws:iam::" + string(a.ID) + ":root"),
		CreateDate: new(a.CreatedAt.Truncate(time.Second)), PasswordLastUsed: when(a.LoginUsed),
	}
}

func groupShape(g *keyhaven.Group) types.Group {
	return types.Group{GroupName: new(g.Name), GroupId: new(g.ID), Path: new(g.Path), Arn: new(g.ARN()), CreateDate: new(g.CreatedAt)}
}

func roleShape(r *keyhaven.Role) types.Role {
	return types.Role{
		RoleName: new(r.Name), RoleId: new(r.ID), Path: new(r.Path), Arn: new(r.ARN()), CreateDate: new(r.CreatedAt),
		AssumeRolePolicyDocument: encoded(r.Trust), Description: some(r.Description), MaxSessionDuration: new(int32(r.MaxSession)),
	}
}

func roleDetail(r *keyhaven.Role) *types.Role {
	s := roleShape(r)
	s.Tags, s.PermissionsBoundary = tagsOrNone(r.Tags), boundaryShape(r.Boundary)
	s.RoleLastUsed = &types.RoleLastUsed{LastUsedDate: when(r.LastUsed.Time), Region: some(r.LastUsed.Region)}
	return &s
}

func policyShape(p *keyhaven.ManagedPolicy, use identity.PolicyUse) types.Policy {
	return types.Policy{
		PolicyName: new(p.Name), PolicyId: new(p.ID), Path: new(p.Path), Arn: new(p.ARN()), CreateDate: new(p.CreatedAt),
		UpdateDate: new(p.UpdatedAt), DefaultVersionId: new(p.Default), IsAttachable: true,
		AttachmentCount: new(int32(use.Attached)), PermissionsBoundaryUsageCount: new(int32(use.Boundary)),
	}
}

func versionShape(p *keyhaven.ManagedPolicy, v *keyhaven.PolicyVersion, document bool) types.PolicyVersion {
	s := types.PolicyVersion{VersionId: new(v.ID), IsDefaultVersion: p.Default == v.ID, CreateDate: new(v.CreatedAt)}
	if document {
		s.Document = encoded(v.Document)
	}
	return s
}

func keyShape(user string, k *keyhaven.AccessKey) types.AccessKeyMetadata {
	return types.AccessKeyMetadata{
		UserName: some(user), AccessKeyId: new(k.ID), Status: types.StatusType(k.Status), CreateDate: new(k.CreatedAt.Truncate(time.Second)),
	}
}

func profileShape(p identity.Profile) types.InstanceProfile {
	s := types.InstanceProfile{
		InstanceProfileName: new(p.Name), InstanceProfileId: new(p.ID), Path: new(p.Path), Arn: new(p.ARN()), CreateDate: new(p.CreatedAt),
		Roles: []types.Role{}, Tags: tagsOrNone(p.Tags),
	}
	if p.RoleOf != nil {
		s.Roles = append(s.Roles, roleShape(p.RoleOf))
	}
	return s
}

func attachedShapes(arns []string) []types.AttachedPolicy {
	out := make([]types.AttachedPolicy, len(arns))
	for i, arn := range arns {
		_, name, _ := keyhaven.ManagedPolicyARN(arn)
		out[i] = types.AttachedPolicy{PolicyArn: new(arn), PolicyName: new(name)}
	}
	return out
}
