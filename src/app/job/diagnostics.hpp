#pragma once
// Errors of a job file, gathered so that all of them are shown at once.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "options/words.hpp"

namespace stemma {

/// Where a key or value stands: in the file (line and column from 1; line 0 = the file as a whole) or in an override.
struct Place {
    int line = 0;
    int column = 0;
    int override_index = -1;  ///< >= 0: in the --set of that number
    friend bool operator==(const Place&, const Place&) = default;
};

struct JobError {
    std::string where;  ///< "jobs/x.toml:12:7" or "--set scheduler.eta=1"
    Place place;
    std::string key;      ///< full path: "space.lr.low"; "" for syntax errors
    std::string message;  ///< what was found, what is allowed; starts with the key where there is one
    std::string text() const { return where + ": " + message; }
};

/// Every error of a job, in file order, overrides last. what() is one line an error.
struct JobErrors : UserError {
    explicit JobErrors(std::vector<JobError> list);
    std::vector<JobError> errors;
};

class ResolvedJob;

/// Where a job's text comes from.
enum class JobSource : unsigned char {
    typed,     ///< a job file: missing keys have the defaults of today
    recorded,  ///< a run file: missing keys have their defaults of the run's beginning (Key::before)
};

/// Collects errors; only the first `errors_max` are kept, the rest are counted.
class Diagnostics {
public:
    static constexpr std::size_t errors_max = 100;

    Diagnostics(std::string file, std::vector<std::string> overrides, JobSource source = JobSource::typed)
        : file_(std::move(file)), overrides_(std::move(overrides)), source_(source) {}

    /// `message` continues the key: error(place, "scheduler.eta", "must be >= 2; got 1").
    void error(Place place, const std::string& key, const std::string& message);
    /// Valid input that the user should change some day.
    void note(Place place, const std::string& text) { notes_.push_back(where(place) + ": " + text); }
    const std::vector<std::string>& notes() const { return notes_; }
    std::size_t count() const { return count_; }
    /// True if an error was reported for exactly this key. Further checks must not rely on its value.
    bool blamed(std::string_view key) const;
    /// True when further messages would only be counted: spares building them.
    bool full() const { return errors_.size() >= errors_max; }
    /// Throws JobErrors if there are any.
    void throw_if_any();
    /// "jobs/x.toml:12:7" or "--set scheduler.eta=1".
    std::string where(Place place) const;

    bool recorded() const { return source_ == JobSource::recorded; }
    /// Readers note the values that they store in `resolved`, which must outlive this. nullptr: nothing is noted.
    void note_in(ResolvedJob* resolved) { resolved_ = resolved; }
    ResolvedJob* resolved() const { return resolved_; }

private:
    std::string file_;
    std::vector<std::string> overrides_;
    std::vector<JobError> errors_;
    std::vector<std::string> notes_;
    std::size_t count_ = 0;
    JobSource source_;
    ResolvedJob* resolved_ = nullptr;
};

}  // namespace stemma
