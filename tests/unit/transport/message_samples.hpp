#pragma once
// Random messages of every kind, for round trips and for the fuzzer.

#include <limits>
#include <string>

#include "core/rng.hpp"
#include "transport/messages.hpp"

namespace stemma::testing {

class MessageSampler {
public:
    explicit MessageSampler(Stream& stream) : s_(stream) {}

    ToWorker to_worker() {
        switch (s_.below(std::variant_size_v<ToWorker>)) {
            case 0:
                return grant();
            case 1:
                return ServeSnapshot{id<TransferId>(), id<SnapshotId>(), id<WorkerId>()};
            case 2:
                return AbandonTransfer{id<TransferId>()};
            case 3:
                return DropSnapshot{id<SnapshotId>()};
            case 4:
                return PersistSnapshot{id<SnapshotId>()};
            case 5:
                return CancelLease{id<LeaseId>()};
            case 6:
                return Leave{s_.below(2) == 1};
            case 7:
                return FetchSnapshot{id<TransferId>(), id<SnapshotId>(), id<MemberId>(),
                                     resource(),       id<WorkerId>(),   s_()};
            default:
                return Ping{};
        }
    }
    ToManager to_manager() {
        switch (s_.below(std::variant_size_v<ToManager>)) {
            case 0:
                return Hello{text(), text(), text(), s_(), s_(), static_cast<std::uint32_t>(s_())};
            case 1:
                return Heartbeat{id<LeaseId>(), resource()};
            case 2:
                return Progress{id<LeaseId>(), row()};
            case 3:
                return Report{id<LeaseId>(), resource(), number(), s_(), rows()};
            case 4:
                return Failure{id<LeaseId>(), static_cast<FailureKind>(s_.below(10)), text(), text(), resource(),
                               number()};
            case 5:
                return Persisted{id<SnapshotId>(), s_.below(2) == 1, text()};
            case 6:
                return TransferReceived{id<TransferId>()};
            case 7:
                return TransferEmpty{id<TransferId>()};
            default:
                return Goodbye{text(), s_.below(2) == 1};
        }
    }

private:
    template <class I>
    I id() {
        return s_.below(8) == 0 ? I::none() : I{s_.below(1'000'000)};
    }
    Resource resource() { return static_cast<Resource>(s_.below(1000)); }
    double number() { return s_.below(10) == 0 ? std::numeric_limits<double>::quiet_NaN() : s_.normal(); }
    std::string text() { return std::string(s_.below(40), static_cast<char>('a' + s_.below(26))); }
    MetricRow row() {
        MetricRow row{resource(), {}};
        for (auto n = s_.below(5); n > 0; --n) row.values.push_back(number());
        return row;
    }
    std::vector<MetricRow> rows() {
        std::vector<MetricRow> rows;
        for (auto n = s_.below(6); n > 0; --n) rows.push_back(row());
        return rows;
    }
    Value value() {
        switch (s_.below(4)) {
            case 0:
                return Inactive{};
            case 1:
                return number();
            case 2:
                return resource();
            default:
                return Choice{static_cast<std::uint32_t>(s_.below(10))};
        }
    }
    GrantLease grant() {
        GrantLease g{id<LeaseId>(),
                     id<MemberId>(),
                     s_(),
                     resource(),
                     resource(),
                     resource(),
                     static_cast<StartFrom>(s_.below(4)),
                     id<SnapshotId>(),
                     id<WorkerId>(),
                     id<TransferId>(),
                     s_(),
                     s_.below(2) == 1,
                     {},
                     {}};
        for (auto n = s_.below(8); n > 0; --n) g.configuration.push_back(value());
        for (auto n = s_.below(8); n > 0; --n) g.parent_configuration.push_back(value());
        return g;
    }
    Stream& s_;
};

}  // namespace stemma::testing
