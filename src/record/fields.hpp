#pragma once
// The fields of every input and effect, in the order in which they are stored: the one place that the writer, the
// reader and the golden files share. `each` calls its argument with each field; const and non-const structs both work.

#include <type_traits>

#include "manager/effect.hpp"
#include "manager/input.hpp"

namespace stemma::record_fields {

template <class Struct, class T>
concept Is = std::is_same_v<std::remove_const_t<Struct>, T>;

template <Is<MetricRow> S, class V>
void each(S& s, V&& v) {
    v(s.resource), v(s.values);
}
template <Is<Source> S, class V>
void each(S& s, V&& v) {
    v(s.kind), v(s.snapshot), v(s.owner), v(s.transfer), v(s.bytes);
}
template <Is<Budget> S, class V>
void each(S& s, V&& v) {
    v(s.members), v(s.reports), v(s.resource), v(s.seconds), v(s.target);
}

template <Is<IncarnationStarted> S, class V>
void each(S& s, V&& v) {
    v(s.incarnation), v(s.workers);
}
template <Is<WorkerJoined> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.host), v(s.device), v(s.snapshot_quota);
}
template <Is<WorkerLost> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.reason);
}
template <Is<LeaseReported> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.lease), v(s.reached), v(s.seconds), v(s.snapshot_bytes), v(s.rows);
}
template <Is<LeaseFailed> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.lease), v(s.kind), v(s.type), v(s.message), v(s.reached), v(s.seconds);
}
template <Is<SnapshotPersisted> S, class V>
void each(S& s, V&& v) {
    v(s.snapshot), v(s.ok), v(s.message);
}
template <Is<SnapshotMissing> S, class V>
void each(S& s, V&& v) {
    v(s.snapshot);
}
template <Is<TransferDone> S, class V>
void each(S& s, V&& v) {
    v(s.transfer);
}
template <Is<Ticked> S, class V>
void each(S&, V&&) {}
template <Is<StopRequested> S, class V>
void each(S& s, V&& v) {
    v(s.reason);
}
template <Is<MemberStopped> S, class V>
void each(S& s, V&& v) {
    v(s.member);
}
template <Is<BudgetChanged> S, class V>
void each(S& s, V&& v) {
    v(s.budget), v(s.max_resource);
}

template <Is<ModelFitted> S, class V>
void each(S& s, V&& v) {
    v(s.number), v(s.model);
}

template <Is<TransferFailed> S, class V>
void each(S& s, V&& v) {
    v(s.transfer);
}

template <Is<Born> S, class V>
void each(S& s, V&& v) {
    v(s.member), v(s.cause), v(s.parent), v(s.donor), v(s.generation), v(s.configuration);
}
template <Is<Assign> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.lease), v(s.member), v(s.from), v(s.to), v(s.source), v(s.attempt);
}
template <Is<Serve> S, class V>
void each(S& s, V&& v) {
    v(s.transfer), v(s.snapshot), v(s.owner), v(s.receiver);
}
template <Is<AbortTransfer> S, class V>
void each(S& s, V&& v) {
    v(s.transfer), v(s.worker);
}
template <Is<Drop> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.snapshot);
}
template <Is<Persist> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.snapshot);
}
template <Is<Erase> S, class V>
void each(S& s, V&& v) {
    v(s.snapshot);
}
template <Is<Cancel> S, class V>
void each(S& s, V&& v) {
    v(s.worker), v(s.lease);
}
template <Is<Dismiss> S, class V>
void each(S& s, V&& v) {
    v(s.worker);
}
template <Is<Noted> S, class V>
void each(S& s, V&& v) {
    v(s.kind), v(s.member), v(s.lease), v(s.worker), v(s.value);
}
template <Is<Ended> S, class V>
void each(S& s, V&& v) {
    v(s.reason), v(s.best);
}

template <Is<Replicate> S, class V>
void each(S& s, V&& v) {
    v(s.transfer), v(s.snapshot), v(s.member), v(s.resource), v(s.owner), v(s.worker), v(s.bytes);
}

}  // namespace stemma::record_fields
