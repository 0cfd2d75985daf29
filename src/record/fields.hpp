#pragma once
// The fields of every input and effect, in the order in which they are stored. The writer, the reader, docs/SCHEMA.md
// and the golden files share this list. `each` calls its argument with the name and the value of each field, for const
// and non-const structs.

#include <type_traits>

#include "manager/effect.hpp"
#include "manager/input.hpp"

namespace stemma::record_fields {

template <class Struct, class T>
concept Is = std::is_same_v<std::remove_const_t<Struct>, T>;

template <Is<BirthPlace> S, class V>
void each(S& s, V&& v) {
    v("replaced", s.replaced), v("bracket", s.bracket);
}
template <Is<MetricRow> S, class V>
void each(S& s, V&& v) {
    v("resource", s.resource), v("values", s.values);
}
template <Is<Source> S, class V>
void each(S& s, V&& v) {
    v("kind", s.kind), v("snapshot", s.snapshot), v("owner", s.owner), v("transfer", s.transfer), v("bytes", s.bytes);
}
template <Is<Budget> S, class V>
void each(S& s, V&& v) {
    v("members", s.members), v("reports", s.reports), v("resource", s.resource), v("seconds", s.seconds),
        v("target", s.target);
}

template <Is<input::IncarnationStarted> S, class V>
void each(S& s, V&& v) {
    v("incarnation", s.incarnation), v("workers", s.workers);
}
template <Is<input::WorkerJoined> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("host", s.host), v("device", s.device), v("snapshot_quota", s.snapshot_quota),
        v("baselines", s.baselines);
}
template <Is<input::WorkerLost> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("reason", s.reason);
}
template <Is<input::Report> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("lease", s.lease), v("reached", s.reached), v("seconds", s.seconds),
        v("snapshot_bytes", s.snapshot_bytes), v("rows", s.rows), v("processes", s.processes);
}
template <Is<input::Failure> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("lease", s.lease), v("kind", s.kind), v("type", s.type), v("message", s.message),
        v("reached", s.reached), v("seconds", s.seconds);
}
template <Is<input::Persisted> S, class V>
void each(S& s, V&& v) {
    v("snapshot", s.snapshot), v("ok", s.ok), v("message", s.message);
}
template <Is<input::SnapshotMissing> S, class V>
void each(S& s, V&& v) {
    v("snapshot", s.snapshot);
}
template <Is<input::TransferDone> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer);
}
template <Is<input::Ticked> S, class V>
void each(S&, V&&) {}
template <Is<input::StopRequested> S, class V>
void each(S& s, V&& v) {
    v("reason", s.reason);
}
template <Is<input::MemberStopped> S, class V>
void each(S& s, V&& v) {
    v("member", s.member);
}
template <Is<input::BudgetChanged> S, class V>
void each(S& s, V&& v) {
    v("budget", s.budget), v("max_resource", s.max_resource);
}

template <Is<input::ModelFitted> S, class V>
void each(S& s, V&& v) {
    v("number", s.number), v("model", s.model);
}

template <Is<input::TransferFailed> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer);
}

template <Is<input::TransferLate> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer);
}

template <Is<effect::Born> S, class V>
void each(S& s, V&& v) {
    v("member", s.member), v("cause", s.cause), v("parent", s.parent), v("donor", s.donor),
        v("generation", s.generation), v("configuration", s.configuration), v("place", s.place);
}
template <Is<effect::Train> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("lease", s.lease), v("member", s.member), v("from", s.from), v("to", s.to),
        v("source", s.source), v("attempt", s.attempt), v("adopted_from", s.adopted_from);
}
template <Is<effect::Serve> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer), v("snapshot", s.snapshot), v("owner", s.owner), v("receiver", s.receiver);
}
template <Is<effect::AbortTransfer> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer), v("worker", s.worker);
}
template <Is<effect::Drop> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("snapshot", s.snapshot);
}
template <Is<effect::Persist> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("snapshot", s.snapshot);
}
template <Is<effect::Erase> S, class V>
void each(S& s, V&& v) {
    v("snapshot", s.snapshot);
}
template <Is<effect::Cancel> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker), v("lease", s.lease);
}
template <Is<effect::Dismiss> S, class V>
void each(S& s, V&& v) {
    v("worker", s.worker);
}
template <Is<effect::Noted> S, class V>
void each(S& s, V&& v) {
    v("kind", s.kind), v("member", s.member), v("lease", s.lease), v("worker", s.worker), v("value", s.value);
}
template <Is<effect::Ended> S, class V>
void each(S& s, V&& v) {
    v("reason", s.reason), v("best", s.best);
}

template <Is<effect::Replicate> S, class V>
void each(S& s, V&& v) {
    v("transfer", s.transfer), v("snapshot", s.snapshot), v("member", s.member), v("resource", s.resource),
        v("owner", s.owner), v("worker", s.worker), v("bytes", s.bytes);
}

template <class T>
concept HasFields = requires(T& item) {
    each(item, [](const char*, auto&) {});
};

}  // namespace stemma::record_fields
