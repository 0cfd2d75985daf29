#include "record/tables.hpp"

#include <algorithm>
#include <limits>

#include "core/crc32.hpp"
#include "core/error.hpp"

namespace stemma::record {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double number(const Value& value) {
    if (const auto* real = std::get_if<double>(&value)) return *real;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    if (const auto* choice = std::get_if<Choice>(&value)) return choice->index;
    return nan;
}

}  // namespace

std::vector<std::string> more_columns(Table table, const RunHeader& header) {
    std::vector<std::string> names;
    if (spec(table).more == MoreColumns::parameters) names = header.parameters;
    if (spec(table).more == MoreColumns::metrics) {
        for (const auto& metric : header.metrics) names.push_back(metric.name);
    }
    std::vector<std::string> taken;
    for (const auto& column : spec(table).columns) taken.emplace_back(column.name);
    for (auto& name : names) {
        if (name.empty()) name = "_";
        while (std::find(taken.begin(), taken.end(), name) != taken.end()) name += "_";
        taken.push_back(name);
    }
    return names;
}

std::size_t row_bytes(Table table, const RunHeader& header) {
    if (spec(table).columns.empty()) return 1;
    std::size_t bytes = 0;
    for (const auto& column : spec(table).columns) bytes += size_of(column.type);
    if (spec(table).more == MoreColumns::parameters) bytes += 8 * header.parameters.size();
    if (spec(table).more == MoreColumns::metrics) bytes += 8 * header.metrics.size();
    return bytes;
}

TableRows::TableRows(const RunHeader& header)
    : metrics_(header.metrics.size()), parameters_(header.parameters.size()), limits_(header.limits) {
    for (std::size_t i = 0; i < table_count; ++i) row_bytes_[i] = record::row_bytes(static_cast<Table>(i), header);
}

void TableRows::clear() {
    for (std::size_t i = 0; i < table_count; ++i) {
        cleared_[i] += rows_[i].size() / row_bytes_[i];
        rows_[i].clear();
    }
}

void TableRows::add(const Input& input, std::span<const Effect> effects) {
    sequence_ = input.sequence;
    time_ = input.time;
    put_input(input, effects.size());
    // The input first: a lease that is assigned in the answer must not be taken for a lease that just ended.
    const auto ends = leases_out_.on(input.body);
    late_ = ends.empty();
    for (const auto& end : ends) put<Table::lease_ends>(end.lease, sequence_, time_, end.outcome);
    std::visit([this](const auto& body) { on(body); }, input.body);
    std::uint32_t count = 0;
    for (const auto& effect : effects) {
        put_decision(count++, effect);
        if (const auto end = leases_out_.on(effect)) put<Table::lease_ends>(end->lease, sequence_, time_, end->outcome);
        std::visit([this](const auto& body) { on(body); }, effect);
    }
}

void TableRows::put_input(const Input& input, std::size_t effects) {
    auto& payload = rows_[index(Table::payload)];
    const auto start = payload.size();
    encode(input, payload);
    const auto bytes = std::span(payload).subspan(start);
    put<Table::inputs>(input.sequence, input.time, static_cast<std::uint8_t>(input.body.index()),
                       cleared(Table::payload) + start, static_cast<std::uint32_t>(bytes.size()),
                       static_cast<std::uint32_t>(effects), crc32_of(bytes));
}

void TableRows::put_decision(std::uint32_t number, const Effect& effect) {
    auto& payload = rows_[index(Table::payload)];
    const auto start = payload.size();
    encode(effect, payload);
    const auto bytes = std::span(payload).subspan(start);
    put<Table::decisions>(sequence_, number, static_cast<std::uint8_t>(effect.index()), cleared(Table::payload) + start,
                          static_cast<std::uint32_t>(bytes.size()), crc32_of(bytes));
}

void TableRows::put_metrics(Table table, std::span<const double> values) {
    ByteWriter out(rows_[index(table)]);
    for (std::size_t i = 0; i < metrics_; ++i) out.put(i < values.size() ? values[i] : nan);
}

TableRows::TextSpan TableRows::put_text(std::string_view text) {
    auto& pool = rows_[index(Table::text)];
    const TextSpan span{count(Table::text), static_cast<std::uint32_t>(text.size())};
    ByteWriter(pool).raw(text.data(), text.size());
    return span;
}

TableRows::LeaseFacts TableRows::facts(LeaseId lease) const {
    return lease.value < leases_.size() ? leases_[lease.value] : LeaseFacts{};
}

void TableRows::snapshot_row(SnapshotId snapshot, SnapshotChange change) {
    put<Table::snapshots>(sequence_, time_, snapshot, facts({snapshot.value}).member, change);
}

void TableRows::budget_row() {
    const auto& budget = limits_.budget;
    put<Table::budgets>(sequence_, time_, budget.members, budget.reports, budget.resource, budget.seconds,
                        budget.target.value_or(nan), limits_.max_resource);
}

void TableRows::put_commit(std::uint64_t commit, std::uint32_t flags) {
    auto& row = rows_[index(Table::commits)];
    const auto start = row.size();
    ByteWriter out(row);
    out.put(commit);
    out.put(time_);
    for (std::size_t i = 0; i < index(Table::commits); ++i) out.put(count(static_cast<Table>(i)));
    out.put(flags);
    for (std::size_t i = 0; i < index(Table::commits); ++i) {
        checksums_[i] = crc32_of(rows_[i], checksums_[i]);
        out.put(checksums_[i]);
    }
    out.put(crc32_of(std::span(row).subspan(start)));
}

// ---- inputs ------------------------------------------------------------------------------------------------------

void TableRows::on(const input::IncarnationStarted& started) {
    incarnation_ = started.incarnation;
    put<Table::incarnations>(started.incarnation, IncarnationChange::started, sequence_, time_, started.workers,
                             EndReason{}, MemberId::none());
    if (sequence_ == 0 && limits_.max_resource > 0) budget_row();  // otherwise they are not known
}

void TableRows::on(const input::BudgetChanged& changed) {
    limits_.budget = changed.budget;
    limits_.max_resource = std::max(limits_.max_resource, changed.max_resource);
    budget_row();
}

void TableRows::on(const input::WorkerJoined& joined) {
    const auto host = put_text(joined.host);
    const auto device = put_text(joined.device);
    put<Table::workers>(incarnation_, joined.worker, WorkerChange::joined, sequence_, time_, joined.snapshot_quota,
                        host.offset, host.length, device.offset, device.length, std::uint64_t{0}, std::uint32_t{0});
}

void TableRows::on(const input::WorkerLost& lost) {
    const auto reason = put_text(lost.reason);
    put<Table::workers>(incarnation_, lost.worker, WorkerChange::lost, sequence_, time_, std::uint64_t{0},
                        std::uint64_t{0}, std::uint32_t{0}, std::uint64_t{0}, std::uint32_t{0}, reason.offset,
                        reason.length);
}

void TableRows::on(const input::Report& report) {
    const auto lease = facts(report.lease);
    const auto status = late_                       ? ReportStatus::late
                        : report.reached < lease.to ? ReportStatus::partial
                                                    : ReportStatus::full;
    const auto row = count(Table::reports);
    put<Table::reports>(sequence_, time_, lease.member, report.lease, report.worker, report.reached, lease.to,
                        report.seconds, report.snapshot_bytes, status, std::uint32_t{report.processes.value_or(1)});
    put_metrics(Table::reports, report.rows.empty() ? std::span<const double>{} : report.rows.back().values);
    for (const auto& metrics : report.rows) {
        put<Table::units>(Id<struct ReportTag>{row}, lease.member, metrics.resource);
        put_metrics(Table::units, metrics.values);
    }
}

void TableRows::on(const input::Failure& failed) {
    const auto type = put_text(failed.type);
    const auto message = put_text(failed.message);
    put<Table::failures>(sequence_, time_, failed.lease, facts(failed.lease).member, failed.worker, failed.kind,
                         failed.reached, failed.seconds, type.offset, type.length, message.offset, message.length);
}

void TableRows::on(const input::Persisted& persisted) {
    snapshot_row(persisted.snapshot, persisted.ok ? SnapshotChange::persisted : SnapshotChange::persist_failed);
}

void TableRows::on(const input::SnapshotMissing& missing) { snapshot_row(missing.snapshot, SnapshotChange::missing); }

// ---- effects -----------------------------------------------------------------------------------------------------

void TableRows::on(const effect::Born& born) {
    const auto place = born.place.value_or(BirthPlace{});
    put<Table::members>(born.member, born.parent, born.donor, born.cause, born.generation, sequence_, time_,
                        place.replaced, place.bracket);
    ByteWriter out(rows_[index(Table::members)]);
    for (std::size_t i = 0; i < parameters_; ++i) {
        out.put(i < born.configuration.size() ? number(born.configuration[i]) : nan);
    }
}

void TableRows::on(const effect::Train& assign) {
    // Leases are numbered in order of assignment. A log that violates this only loses the member's name in some rows.
    if (assign.lease.value == leases_.size()) leases_.push_back({assign.member, assign.to});
    // An older log does not say it. The owner of the snapshot does.
    const auto owner = facts({assign.source.snapshot.value}).member;
    const auto from = assign.adopted_from.value_or(owner == assign.member ? MemberId::none() : owner);
    put<Table::leases>(assign.lease, assign.member, assign.worker, assign.from, assign.to, assign.source.kind,
                       assign.source.snapshot, assign.attempt, from, sequence_, time_);
}

void TableRows::on(const effect::Erase& erase) { snapshot_row(erase.snapshot, SnapshotChange::erased); }

void TableRows::on(const effect::Dismiss& dismiss) {
    put<Table::workers>(incarnation_, dismiss.worker, WorkerChange::dismissed, sequence_, time_, std::uint64_t{0},
                        std::uint64_t{0}, std::uint32_t{0}, std::uint64_t{0}, std::uint32_t{0}, std::uint64_t{0},
                        std::uint32_t{0});
}

void TableRows::on(const effect::Noted& noted) {
    put<Table::events>(sequence_, time_, noted.kind, noted.member, noted.lease, noted.worker, noted.value);
}

void TableRows::on(const effect::Ended& ended) {
    put<Table::incarnations>(incarnation_, IncarnationChange::ended, sequence_, time_, std::uint32_t{0}, ended.reason,
                             ended.best);
}

}  // namespace stemma::record
