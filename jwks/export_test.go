package jwks

// IsPublic is tested by itself: a test that dials public addresses would send packets to strangers.
var IsPublic = isPublic
