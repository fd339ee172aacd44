package lightsail

import (
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
)

// corsOf reads the rules of cross-origin sharing; nil leaves them as they are.
func corsOf(in *types.BucketCorsConfig) (*keyhaven.CORS, error) {
	if in == nil {
		return nil, nil
	}
	if in.Rules == nil {
		return nil, missing("cors.rules")
	}
	doc := &keyhaven.CORS{}
	for _, r := range in.Rules {
		if r.MaxAgeSeconds != nil && *r.MaxAgeSeconds < 0 {
			return nil, &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounConfiguration, Msg: "The maximum age of a CORS rule must not be negative."}
		}
		doc.Rules = append(doc.Rules, keyhaven.CORSRule{
			ID: value(r.Id), AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods,
			AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposeHeaders, MaxAge: r.MaxAgeSeconds,
		})
	}
	return doc, doc.Validate(keyhaven.MaxLightsailCORSRules)
}

func corsShape(doc *keyhaven.CORS) *types.BucketCorsConfig {
	out := &types.BucketCorsConfig{Rules: []types.BucketCorsRule{}}
	if doc == nil {
		return out
	}
	for _, r := range doc.Rules {
		shape := types.BucketCorsRule{
			AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods,
			AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposeHeaders, MaxAgeSeconds: r.MaxAge,
		}
		if r.ID != "" {
			shape.Id = new(r.ID)
		}
		out.Rules = append(out.Rules, shape)
	}
	return out
}
