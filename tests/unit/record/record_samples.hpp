#pragma once
// Random inputs and effects of every kind, and a small made-up run.

#include <bit>
#include <limits>
#include <string>

#include "core/rng.hpp"
#include "record/journal.hpp"

namespace stemma::testing {

class RecordSampler {
public:
    explicit RecordSampler(std::uint64_t seed) : s_(seed, Purpose::test) {}

    Input input(std::uint64_t sequence) { return {sequence, static_cast<double>(sequence) * 0.25, body()}; }

    input::Body body() {
        switch (s_.below(std::variant_size_v<input::Body>)) {
            case 0:
                return input::IncarnationStarted{u32(), u32()};
            case 1:
                return input::WorkerJoined{id<WorkerId>(), text(), text(), s_(), std::vector{number(), number()}};
            case 2:
                return input::WorkerLost{id<WorkerId>(), text()};
            case 3:
                return input::Report{id<WorkerId>(),
                                     id<LeaseId>(),
                                     resource(),
                                     number(),
                                     s_(),
                                     rows(),
                                     static_cast<std::uint32_t>(s_.below(5))};
            case 4:
                return input::Failure{id<WorkerId>(), id<LeaseId>(), static_cast<FailureKind>(s_.below(9)),
                                      text(),         text(),        resource(),
                                      number()};
            case 5:
                return input::Persisted{id<SnapshotId>(), coin(), text()};
            case 6:
                return input::SnapshotMissing{id<SnapshotId>()};
            case 7:
                return input::TransferDone{id<TransferId>()};
            case 8:
                return input::Ticked{};
            case 9:
                return input::StopRequested{static_cast<StopReason>(1 + s_.below(3))};
            case 10:
                return input::MemberStopped{id<MemberId>()};
            case 11:
                return input::BudgetChanged{budget(), resource()};
            case 12:
                return input::TransferFailed{id<TransferId>()};
            case 13:
                return input::TransferLate{id<TransferId>()};
            default:
                return input::ModelFitted{s_(),
                                          rows().empty() ? std::vector<double>{} : std::vector<double>{number(), 0.5}};
        }
    }

    Effect effect() {
        switch (s_.below(std::variant_size_v<Effect>)) {
            case 0:
                return effect::Born{id<MemberId>(), static_cast<BirthCause>(1 + s_.below(6)),
                                    id<MemberId>(), id<MemberId>(),
                                    u32(),          configuration(),
                                    place()};
            case 1:
                return effect::Train{
                    id<WorkerId>(), id<LeaseId>(),
                    id<MemberId>(), resource(),
                    resource(),     source(),
                    u32(),          s_.below(2) == 0 ? Tail<MemberId>{} : Tail<MemberId>(id<MemberId>())};
            case 2:
                return effect::Serve{id<TransferId>(), id<SnapshotId>(), id<WorkerId>(), id<WorkerId>()};
            case 3:
                return effect::AbortTransfer{id<TransferId>(), id<WorkerId>()};
            case 4:
                return effect::Drop{id<WorkerId>(), id<SnapshotId>()};
            case 5:
                return effect::Persist{id<WorkerId>(), id<SnapshotId>()};
            case 6:
                return effect::Erase{id<SnapshotId>()};
            case 7:
                return effect::Cancel{id<WorkerId>(), id<LeaseId>()};
            case 8:
                return effect::Dismiss{id<WorkerId>()};
            case 9:
                return effect::Noted{static_cast<EventKind>(1 + s_.below(13)), id<MemberId>(), id<LeaseId>(),
                                     id<WorkerId>(), number()};
            case 10:
                return effect::Replicate{id<TransferId>(),
                                         id<SnapshotId>(),
                                         id<MemberId>(),
                                         resource(),
                                         id<WorkerId>(),
                                         id<WorkerId>(),
                                         s_()};
            default:
                return effect::Ended{static_cast<EndReason>(1 + s_.below(9)), id<MemberId>()};
        }
    }

    Effects effects() {
        Effects effects;
        for (auto n = s_.below(6); n > 0; --n) effects.push_back(effect());
        return effects;
    }

    record::Entry entry(std::uint64_t sequence) { return {input(sequence), effects()}; }
    Stream& stream() { return s_; }

private:
    template <class I>
    I id() {
        return s_.below(8) == 0 ? I::none() : I{s_.below(1000)};
    }
    Tail<BirthPlace> place() {
        if (s_.below(2) == 0) return {};
        return BirthPlace{id<MemberId>(), id<BracketId>()};
    }
    Source source() {
        const auto kind = static_cast<SourceKind>(s_.below(4));
        return {kind, id<SnapshotId>(), id<WorkerId>(), id<TransferId>(), s_()};
    }
    bool coin() { return s_.below(2) == 1; }
    std::uint32_t u32() { return static_cast<std::uint32_t>(s_()); }
    Resource resource() { return static_cast<Resource>(s_.below(1000)) - 5; }
    /// Infinities, and NaNs with a payload: a record keeps bits.
    double number() {
        switch (s_.below(8)) {
            case 0:
                return std::bit_cast<double>(0x7FF8'0000'0000'0000U | s_.below(1U << 20U));
            case 1:
                return -std::numeric_limits<double>::infinity();
            default:
                return s_.normal();
        }
    }
    std::string text() {
        static constexpr std::string_view words[] = {"",         "héllo wörld", "日本語",        "\xF0\x9F\x92\xA5",
                                                     "\xFF\xFE", "a\nb\tc",     "std::bad_alloc"};
        std::string text(words[s_.below(std::size(words))]);
        if (coin()) text += std::string(s_.below(50), static_cast<char>(s_.below(256)));
        return text;
    }
    std::vector<MetricRow> rows() {
        std::vector<MetricRow> rows(s_.below(5));
        for (auto& row : rows) {
            row.resource = resource();
            for (auto n = s_.below(4); n > 0; --n) row.values.push_back(number());
        }
        return rows;
    }
    Configuration configuration() {
        Configuration values(s_.below(5));
        for (auto& value : values) {
            switch (s_.below(4)) {
                case 0:
                    break;
                case 1:
                    value = number();
                    break;
                case 2:
                    value = static_cast<std::int64_t>(s_());
                    break;
                default:
                    value = Choice{u32()};
            }
        }
        return values;
    }
    Budget budget() {
        Budget budget{s_(), s_(), s_(), number(), {}};
        if (coin()) budget.target = number();
        return budget;
    }

    Stream s_;
};

inline Bytes bytes_of(const record::Entry& entry) {
    Bytes bytes;
    record::encode(entry.input, bytes);
    for (const auto& effect : entry.effects) record::encode(effect, bytes);
    return bytes;
}

inline record::RunHeader sample_header() {
    record::RunHeader header;
    header.run_id = "00c0ffee00c0ffee";
    header.name = "näme";
    header.job_text = "# a job\n[run]\nname = \"x\"\n";
    header.overrides = "run.seed=3\n";
    header.job_resolved = "[run]\nname = \"x\"\nseed = 3\n";
    header.rules = 5;
    header.limits = {{.members = 7, .reports = 1U << 31U, .resource = 81, .seconds = 0.5, .target = -0.25}, 27};
    header.seed = 0xFEDC'BA98'7654'3210U;
    header.program_version = "0.1.0";
    header.git_hash = "";
    header.machines = "a CPU, stemma 0.1.0, a compiler";
    header.metric = "valid_loss";
    header.unit = "epoch";
    header.metrics = {{"valid_loss", false}, {"member", false}, {"test_accuracy", true}};
    header.parameters = {"lr", "layers", "optimizer", "time"};
    header.space_json = R"({"parameters": [{"name": "lr", "type": "real"}, {"name": "layers", "type": "integer"},)"
                        R"( {"name": "optimizer", "type": "categorical", "choices": ["sgd", "adam, \"w\""]},)"
                        R"( {"name": "time", "type": "real"}]})";
    header.started_unix = 1.75e9 + 0.125;
    return header;
}

/// A run as a manager would make it: two workers, a member born for each lease, a report for each lease. Now and then a
/// failure, a late report or a lost worker. Deterministic: entry `n` is a function of n alone.
class SampleRun {
public:
    record::Entry next() {
        const auto n = sequence_++;
        record::Entry entry{{n, 0.5 * static_cast<double>(n), {}}, {}};
        if (n == 0) {
            entry.input.body = input::IncarnationStarted{0, 2};
        } else if (n <= 2) {
            entry.input.body = input::WorkerJoined{{n}, "host-" + std::to_string(n), "cpu", 1U << 20U};
            assign(entry, {n});
        } else if (n % 17 == 0) {
            entry.input.body =
                input::Persisted{snapshot_of({n % (leases_ - 1)}), n % 2 == 0, n % 2 == 0 ? "" : "disk full"};
        } else {
            const auto lease = oldest_++;
            const WorkerId worker{1 + lease % 2};
            if (n % 23 == 0) {
                entry.input.body =
                    input::Failure{worker, {lease}, FailureKind::exception, "std::runtime_error", "wörse", 1, 0.5};
                entry.effects.push_back(effect::Noted{EventKind::retry, {lease}, {lease}, worker, 0});
            } else {
                const double loss = 1.0 / static_cast<double>(1 + lease);
                entry.input.body = input::Report{
                    worker, {lease}, 2, 1.5, 4096, {{1, {loss * 2, 0.25, 0.1}}, {2, {loss, 0.5, 0.2}}}, 1};
                if (lease % 5 == 0)
                    entry.effects.push_back(effect::Noted{EventKind::new_best, {lease}, {lease}, worker, loss});
                if (lease > 0) entry.effects.push_back(effect::Drop{worker, snapshot_of({lease - 1})});
            }
            assign(entry, worker);
        }
        return entry;
    }

private:
    void assign(record::Entry& entry, WorkerId worker) {
        const MemberId member{leases_};
        entry.effects.push_back(
            effect::Born{member,
                         BirthCause::sampled,
                         {},
                         {},
                         0,
                         {0.001 * static_cast<double>(leases_), static_cast<std::int64_t>(leases_ % 7),
                          Choice{static_cast<std::uint32_t>(leases_ % 2)}, Inactive{}}});
        entry.effects.push_back(effect::Train{worker, {leases_}, member, 0, 2, {}, 0});
        ++leases_;
    }

    std::uint64_t sequence_ = 0;
    std::uint64_t leases_ = 0;
    std::uint64_t oldest_ = 0;
};

}  // namespace stemma::testing
