package main

import "testing"

func TestMember(t *testing.T) {
	if got, err := member([]byte(`{"a":"x","refresh_token":"jgr_1","b":2}`), "refresh_token"); err != nil || got != "jgr_1" {
		t.Errorf("got %q, %v, want jgr_1", got, err)
	}
	if _, err := member([]byte(`{"title":"Bad Request"}`), "refresh_token"); err == nil {
		t.Error("no such member: got no error")
	}
}

func TestRatioIsOfRounds(t *testing.T) {
	measured, limit := turn{rates: []float64{90, 45, 80}}, turn{rates: []float64{100, 50, 100}} // the second round was disturbed
	if got := measured.ratioTo(&limit); got != 0.9 {
		t.Errorf("got %v, want 0.9", got)
	}
}
