package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"peer/kept"
	redressv1 "peer/redress"
)

// batch is what its records ask for, and a row for each order that they touch.
type batch struct {
	events             []event
	last               int64 // offset of the last record
	merchants, orders  []string
	requests, versions []int64
}

type event struct {
	id  string
	row int
}

func header(record *kgo.Record, name string) string {
	for _, h := range record.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

func decode(records []*kgo.Record) (*batch, error) {
	b := &batch{events: make([]event, len(records)), last: records[len(records)-1].Offset}
	rows := make(map[[2]string]int, len(records))
	for i, record := range records {
		var request redressv1.RefundRequest
		if err := request.UnmarshalVT(record.Value); err != nil {
			return nil, fmt.Errorf("offset %d: %w", record.Offset, err)
		}
		if request.OrderId != string(record.Key) || request.MerchantId == "" {
			return nil, fmt.Errorf("offset %d: not a request of order %s", record.Offset, record.Key)
		}
		key := [2]string{request.MerchantId, request.OrderId}
		row, known := rows[key]
		if !known {
			row = len(b.orders)
			rows[key] = row
			b.merchants = append(b.merchants, key[0])
			b.orders = append(b.orders, key[1])
		}
		b.events[i] = event{id: header(record, "ce_id"), row: row}
	}
	b.requests, b.versions = make([]int64, len(b.orders)), make([]int64, len(b.orders))
	return b, nil
}

// decide counts each event and says so.
func (b *batch) decide() *kept.Kept {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	outputs := &kept.Kept{Records: make([]*kept.KeptRecord, len(b.events))}
	for i, e := range b.events {
		b.requests[e.row]++
		b.versions[e.row]++
		outputs.Records[i] = b.output(e, now)
	}
	return outputs
}

func (b *batch) output(e event, now string) *kept.KeptRecord {
	order, version := b.orders[e.row], b.versions[e.row]
	said := redressv1.RefundValidated{
		MerchantId: b.merchants[e.row],
		OrderId:    order,
		RefundId:   order,
		Version:    version,
		Claim:      &redressv1.Money{Minor: b.requests[e.row]},
		Rejection:  &redressv1.Rejection{},
	}
	value, err := said.MarshalVT()
	if err != nil {
		panic(err) // no field of it can be invalid
	}
	count := strconv.FormatInt(version, 10)
	digest := sha256.Sum256([]byte(e.id))
	trace := hex.EncodeToString(digest[:])
	return &kept.KeptRecord{Key: order, Value: value, Headers: []*kept.KeptHeader{
		{Name: "ce_specversion", Value: "1.0"},
		{Name: "ce_id", Value: "tally/" + order + "/" + count},
		{Name: "ce_source", Value: "redress/tally"},
		{Name: "ce_type", Value: "redress.v1.RefundValidated"},
		{Name: "ce_time", Value: now},
		{Name: "content-type", Value: "application/protobuf"},
		{Name: "traceparent", Value: "00-" + trace[:32] + "-" + trace[32:48] + "-01"},
		{Name: "ce_causationid", Value: e.id},
		{Name: "ce_refundid", Value: order},
		{Name: "ce_version", Value: count},
		{Name: "ce_status", Value: "VALIDATED"},
	}}
}
