#pragma once
// Where a run is written while it happens, and read back for resume, verify and analysis.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "manager/effect.hpp"
#include "manager/input.hpp"
#include "manager/rules.hpp"

namespace stemma {

/// Limits of a search: its budget, and what a member is trained to at most (0 = not known).
struct Limits {
    Budget budget = {};
    Resource max_resource = 0;
    friend bool operator==(const Limits&, const Limits&) = default;
};

/// What identifies a run and is needed to reproduce it. Written once, before the first input.
struct RunHeader {
    std::string run_id;  ///< 16 hex digits
    std::string name;
    std::string job_text;   ///< the TOML as given, byte for byte
    std::string overrides;  ///< the --set arguments, one a line
    /// The job with overrides and all defaults filled in, as TOML. "" in files from before this was kept, and where
    /// TOML cannot say it.
    std::string job_resolved;
    std::uint32_t rules = rules_version;  ///< by which the search was decided
    Limits limits;                        ///< at the start
    std::uint64_t seed = 0;
    std::string program_version;
    std::string git_hash;
    /// CPU, program and compiler of rank 0, on which equal arithmetic can be expected: one line for each that wrote to
    /// the file. "" in files from before this was kept.
    std::string machines;
    std::string metric;  ///< the one that is optimised
    bool maximise = false;
    std::string unit;  ///< "epoch" or "step"
    std::vector<MetricInfo> metrics;
    std::vector<std::string> parameters;  ///< names, in the space's order
    std::string space_json;               ///< the search space for readers: domains, choices, roles, conditions
    double started_unix = 0;              ///< seconds since 1970 of the first start
};

/// Contract (tests/contract/journal/journal_suite.hpp): what was appended and committed is read back equal, in order;
/// nothing that was not committed matters.
class Journal {
public:
    virtual ~Journal() = default;
    /// The input and the manager's answer to it, in order of sequence. Not visible to others before commit().
    virtual void append(const Input& input, std::span<const Effect> effects) = 0;
    /// Hands everything appended to the kernel, so that it survives kill -9. Messages that follow from an input leave
    /// rank 0 only after this.
    virtual void commit() = 0;
    /// What forces to the disk what is committed now (it survives the loss of the host), for a thread of its own: a
    /// disk that hangs must not hold up who commits. It may run beside append() and commit(), at most one at a time,
    /// and not beside the end of this object; it throws UserError where the disk refuses. None: nothing to do.
    virtual std::function<void()> sync_work() = 0;
    /// The same here and now.
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

/// Encoding of inputs and effects in the record; also what fuzzers and golden files use. decode throws DecodeError.
void encode(const Input& input, Bytes& out);
Input decode_input(std::span<const std::byte> in);
void encode(const Effect& effect, Bytes& out);
Effect decode_effect(ByteReader& in);

}  // namespace stemma
