#pragma once
// Requests from another terminal (`stemma stop`, `stemma budget`). They are JSON objects, one for each line, appended
// to RUN.h5.control. Rank 0 reads them and makes each a logged input of the search. A request that comes while no
// search runs waits for the next start.
//
// Each request counts once, whichever process is killed at any moment. Before rank 0 feeds a request it adds a line
// with the number of the input. After a kill that line and the record tell whether the input was committed. If not, the
// request is still to be obeyed.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "manager/input.hpp"

namespace stemma {

/// Limits to be changed. An absent limit keeps its value at the time when the request is obeyed.
struct BudgetRequest {
    std::optional<std::uint64_t> members = {};
    std::optional<std::uint64_t> reports = {};
    std::optional<std::uint64_t> resource = {};
    std::optional<double> seconds = {};
    std::optional<double> target = {};
    Resource max_resource = 0;  ///< 0 = unchanged
    friend bool operator==(const BudgetRequest&, const BudgetRequest&) = default;
};

/// Applies the request to the limits in force. Pure.
input::BudgetChanged changed_budget(Budget in_force, const BudgetRequest& request);

using ControlBody = std::variant<input::StopRequested, input::MemberStopped, BudgetRequest>;

struct ControlRequest {
    std::uintmax_t place = 0;  ///< position of its line in the file; tells requests apart
    double asked = 0;          ///< seconds since 1970
    ControlBody body;
};

/// The command that made the request, for the user: "`stemma stop`".
std::string command_of(const ControlBody& body);

std::filesystem::path control_path(const std::filesystem::path& run_file);

/// Appends one request for the run `run_id` (as in its header). The file may outlive a run file that is made anew under
/// its name. `asked`: seconds since 1970. Throws UserError if the file cannot be written.
void append_control(const std::filesystem::path& run_file, const std::string& run_id, double asked,
                    const ControlBody& body);

/// Rank 0's view of the file.
class ControlFile {
public:
    /// `inputs`: number of inputs that the record has committed. Requests among them are not read again.
    ControlFile(const std::filesystem::path& run_file, std::string run_id, std::uint64_t inputs);

    /// The requests that came since the last call; the first call includes waiting ones. Unreadable lines are skipped.
    /// One stat() if there are none.
    std::vector<ControlRequest> poll();

    /// Call it before the request is fed as input number `input`. Failures are ignored: the request is obeyed all the
    /// same.
    void take(const ControlRequest& request, std::uint64_t input);
    /// Marks the request so that no start obeys it any more.
    void drop(const ControlRequest& request);

private:
    std::filesystem::path path_;
    std::string run_id_;
    std::uintmax_t read_ = 0;
    std::uint64_t inputs_;
};

}  // namespace stemma
