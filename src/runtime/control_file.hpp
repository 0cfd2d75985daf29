#pragma once
// Wishes from another terminal (`stemma stop`, `stemma budget`): one JSON object a line, appended to RUN.h5.control by
// them, read by rank 0, which makes each a logged input of the search. A wish that comes while nothing runs waits for
// the next start.
//
// Each counts once, whatever is killed when: before rank 0 feeds a wish it adds a line that says as which input. After
// a kill that line and the record tell whether the input was committed: if not, the wish is still to be obeyed.

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

/// Limits to be changed; what is absent stays as it is when the wish is obeyed.
struct BudgetWish {
    std::optional<std::uint64_t> members = {};
    std::optional<std::uint64_t> reports = {};
    std::optional<std::uint64_t> resource = {};
    std::optional<double> seconds = {};
    std::optional<double> target = {};
    Resource max_resource = 0;  ///< 0 = unchanged
    friend bool operator==(const BudgetWish&, const BudgetWish&) = default;
};

/// The wish applied to the limits in force. Pure.
BudgetChanged changed_budget(Budget in_force, const BudgetWish& wish);

using WishBody = std::variant<StopRequested, MemberStopped, BudgetWish>;

struct Wish {
    std::uintmax_t place = 0;  ///< of its line in the file; tells wishes apart
    double asked = 0;          ///< seconds since 1970
    WishBody body;
};

/// The command that made it, for people: "`stemma stop`".
std::string command_of(const WishBody& body);

std::filesystem::path control_path(const std::filesystem::path& run_file);

/// Appends one wish for the run `run_id` (as its header has it): the file may outlive a run file that is made anew
/// under its name. `asked`: seconds since 1970. Throws UserError if the file cannot be written.
void append_control(const std::filesystem::path& run_file, const std::string& run_id, double asked,
                    const WishBody& body);

/// Rank 0's view of the file.
class ControlFile {
public:
    /// `inputs`: those that the record has committed; wishes among them are not read again.
    ControlFile(const std::filesystem::path& run_file, std::string run_id, std::uint64_t inputs);

    /// The wishes that came since the last call, at first those that wait. Lines that cannot be read are passed over.
    /// One stat() if there are none.
    std::vector<Wish> poll();

    /// To be called before the wish is fed as input number `input`. Failures are passed over: the wish is obeyed all
    /// the same.
    void take(const Wish& wish, std::uint64_t input);
    /// Nobody is to obey it any more.
    void drop(const Wish& wish);

private:
    std::filesystem::path path_;
    std::string run_id_;
    std::uintmax_t read_ = 0;
    std::uint64_t inputs_;
};

}  // namespace stemma
