#pragma once
// All members of the run, flat: about 100 bytes for each member beside its configuration (16 bytes for each parameter).

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/chunked.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"
#include "manager/manager.hpp"
#include "space/configuration.hpp"

namespace stemma {

inline constexpr std::uint32_t no_slot = ~std::uint32_t{0};

struct MemberRecord {
    Resource reached = 0;  ///< of its last report; before that, of its parent at birth
    Resource target = 0;   ///< target of its last training request
    double metric = std::numeric_limits<double>::quiet_NaN();  ///< of its last report
    std::uint32_t snapshot = no_slot;                          ///< slot of its latest snapshot in SnapshotTable
    std::uint32_t generation = 0;                              ///< births between it and its root
    std::uint16_t attempts = 0;  ///< failed attempts at the training it was last asked for
    std::uint16_t losses = 0;    ///< of these, through the loss of the worker
    std::uint16_t breaks = 0;    ///< of these, with a device error that broke the program
    MemberState state = MemberState::waiting;
    FailureKind failure = FailureKind::none;  ///< why it was given up; none: at the user's request
    bool stop_wanted = false;
    bool inherits = false;  ///< its latest snapshot is its parent's: it has not reported yet
    MemberId parent = {};   ///< born from its snapshot, so never trained from scratch; none = from scratch
};

class MemberTable {
public:
    explicit MemberTable(std::size_t parameters) : parameters_(parameters) {}

    MemberId add(const Configuration& configuration) {
        ensure(configuration.size() == parameters_, "a configuration has one value for each parameter");
        if (records_.size() % values_each == 0)
            values_.push_back(std::make_unique<Value[]>(values_each * std::max<std::size_t>(1, parameters_)));
        records_.push_back({});
        const MemberId id{records_.size() - 1};
        std::copy(configuration.begin(), configuration.end(), values_of(id));
        return id;
    }
    bool contains(MemberId id) const { return id.value < records_.size(); }
    MemberRecord& operator[](MemberId id) { return records_[id.value]; }
    const MemberRecord& operator[](MemberId id) const { return records_[id.value]; }
    /// Valid as long as the table.
    ConfigurationView configuration(MemberId id) const { return {values_of(id), parameters_}; }
    std::size_t size() const { return records_.size(); }
    std::size_t memory_bytes() const {
        return records_.memory_bytes() + values_.size() * values_each * parameters_ * sizeof(Value);
    }

private:
    static constexpr std::size_t values_each = 512;  ///< members whose values stand together

    Value* values_of(MemberId id) const {
        return values_[id.value / values_each].get() + id.value % values_each * parameters_;
    }

    std::size_t parameters_;
    Chunked<MemberRecord> records_;
    std::vector<std::unique_ptr<Value[]>> values_;
};

}  // namespace stemma
