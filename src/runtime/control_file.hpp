#pragma once
// Wishes from another terminal (`stemma stop`, `stemma budget`): one JSON object a line, appended to RUN.h5.control by
// them, read by rank 0, which makes each a logged input of the search.

#include <filesystem>
#include <vector>

#include "manager/input.hpp"

namespace stemma {

std::filesystem::path control_path(const std::filesystem::path& run_file);

/// Appends one wish (StopRequested, MemberStopped or BudgetChanged). Throws UserError if the file cannot be written.
void append_control(const std::filesystem::path& run_file, const InputBody& wish);

class ControlFile {
public:
    /// What stands there already was meant for an incarnation before and is skipped.
    explicit ControlFile(std::filesystem::path run_file);
    /// The wishes that came since the last call; lines that cannot be read are passed over. One stat() if there are
    /// none.
    std::vector<InputBody> poll();

private:
    std::filesystem::path path_;
    std::uintmax_t read_ = 0;
};

}  // namespace stemma
