#pragma once
// Small texts that several commands print.

#include <string>
#include <string_view>
#include <vector>

#include "manager/manager.hpp"
#include "scheduler/scheduler.hpp"

namespace stemma {

/// "1:02:03" or "4:05" for seconds.
std::string clock_text(double seconds);
/// "2026-11-30 18:02", of this place, for seconds since 1970.
std::string date_text(double unix_seconds);
/// "2.0 GiB", "13 KiB".
std::string bytes_text(std::uint64_t bytes);
/// "epochs", "1 epoch".
std::string units_text(Resource amount, std::string_view unit);
/// A metric for people: up to six digits, an exponent where it is very large or small ("0.8908", "1.2e-07").
std::string metric_text(double value);
/// A failure's message in few lines: its beginning, and its end, where the error of a program stands.
std::string excerpt(std::string_view message);
/// Lines behind the first one moved to the right, so that what a program says is not taken for what Stemma says.
std::string indented(std::string_view text);
/// "7, 9, 12", then how many more where they are many.
std::string members_text(const std::vector<MemberId>& members);
/// Why a search ended, as the end of a sentence: "the members budget is used up".
std::string_view reason_text(EndReason reason);
/// Plain table, columns aligned (numbers right, first column left), two blanks between, no lines.
std::string table_text(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);
/// The rung table, one line a rung; of more than 40 the first 35 and the last 5.
std::string rung_table(const std::vector<RungRow>& rungs, std::string_view unit);

}  // namespace stemma
