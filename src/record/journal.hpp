#pragma once
// Where a run is recorded while it happens, and read back for resume, verify and analysis.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "manager/effect.hpp"
#include "manager/input.hpp"
#include "manager/rules.hpp"

namespace stemma::record {

/// Limits of a search: its budget, and the largest resource of a member (0 = not known).
struct Limits {
    Budget budget = {};
    Resource max_resource = 0;
    friend bool operator==(const Limits&, const Limits&) = default;
};

/// Identifies a run and holds what is needed to reproduce it. Written once, before the first input.
struct RunHeader {
    std::string run_id;  ///< 16 hex digits
    std::string name;
    std::string job_text;   ///< the TOML as given, byte for byte
    std::string overrides;  ///< the --set arguments, one on each line
    /// The job with overrides and all defaults filled in, as TOML. "" in older files, and where TOML cannot express it.
    std::string job_resolved;
    std::uint32_t rules = rules_version;  ///< version of the rules that decided the search
    Limits limits;                        ///< at the start
    std::uint64_t seed = 0;
    std::string program_version;
    std::string git_hash;
    /// CPU, program and compiler of rank 0, on which equal arithmetic can be expected. One line for each that wrote to
    /// the file. "" in older files.
    std::string machines;
    std::string metric;  ///< the metric that is optimized
    bool maximize = false;
    std::string unit;  ///< "epoch" or "step"
    std::vector<MetricInfo> metrics;
    std::vector<std::string> parameters;  ///< names, in the space's order
    std::string space_json;               ///< the search space for readers: domains, choices, roles, conditions
    double started_unix = 0;              ///< seconds since 1970 of the first start
};

/// Contract (tests/contract/journal/journal_suite.hpp): entries that were appended and committed are read back equal,
/// in order. Uncommitted entries do not matter.
class Journal {
public:
    virtual ~Journal() = default;
    /// The input and the manager's answer to it, in order of sequence. Not visible to readers before commit().
    virtual void append(const Input& input, std::span<const Effect> effects) = 0;
    /// Hands everything appended to the kernel, so that it survives kill -9. Messages that follow from an input leave
    /// rank 0 only after this.
    virtual void commit() = 0;
    /// The work that forces the committed entries to the disk, so that they survive the loss of the host. For a thread
    /// of its own: a disk that hangs must not delay commits. It may run beside append() and commit(), at most one at a
    /// time, and must end before this object does. It throws UserError if the disk refuses. None: nothing to do.
    virtual std::function<void()> sync_work() = 0;
    /// The same in the calling thread.
    void sync() {
        if (const auto work = sync_work()) work();
    }
};

/// Keeps nothing: simulation without a record.
std::unique_ptr<Journal> null_journal();

/// One committed entry, as replay reads it.
struct Entry {
    Input input;
    Effects effects;
};

/// Encoding of inputs and effects in the record. Also used by fuzzers and golden files. decode throws DecodeError.
void encode(const Input& input, Bytes& out);
Input decode_input(std::span<const std::byte> in);
void encode(const Effect& effect, Bytes& out);
/// `in` ends with the effect.
Effect decode_effect(ByteReader& in);

}  // namespace stemma::record
