#pragma once
// Job texts for the tests, and the errors that a text gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "app/job/job.hpp"

namespace stemma::job_test {

/// A complete job on the toy trainer; lines 1 to 14. Tests append to it.
inline const std::string toy_job = R"([run]
seed = 7
[run.budget]
members = 40
[metric]
name = "valid_loss"
direction = "minimize"
[scheduler]
max = 27
[trainer]
type = "toy"
[space.lr]
type = "real"
low = 2e-3
high = 1.0
)";

/// A complete job on the torch trainer without a space.
inline const std::string torch_head = R"([run.budget]
members = 40
[metric]
name = "valid_loss"
direction = "minimize"
[scheduler]
max = 27
[trainer]
)";

inline Job parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
    return parse_job(text, "jobs/x.toml", overrides);
}

/// The errors of a text, one on each line; empty for a good job.
inline std::vector<std::string> errors_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
    std::vector<std::string> out;
    try {
        parse(text, overrides);
    } catch (const JobErrors& errors) {
        for (const auto& error : errors.errors) out.push_back(error.text());
    }
    return out;
}

/// `text` with its only `from` replaced.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from << " is not in the text";
    if (at != std::string::npos) text.replace(at, from.size(), to);
    return text;
}

}  // namespace stemma::job_test
