// Package iam is the door of the IAM API, version 2010-05-08. The wire shapes are
// the AWS SDK's own Go types, mapped to the Query protocol by package awsquery;
// the frame is package query's. Each handler decodes, calls one method of a
// service and encodes.
//
// Escalation (case S7): what an operation would let its caller exceed themself by
// is refused whatever their policies say; see guard.go.
package iam
