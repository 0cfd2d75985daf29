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
/// "2026-11-30 18:02", in the local time zone, for seconds since 1970.
std::string date_text(double unix_seconds);
/// "2.0 GiB", "13 KiB".
std::string bytes_text(std::uint64_t bytes);
/// "12 epochs", "1 epoch".
std::string units_text(Resource amount, std::string_view unit);
/// A metric for people: up to six digits, an exponent where it is very large or small ("0.8908", "1.2e-07").
std::string metric_text(double value);
/// The beginning and the end of a failure's message, in few lines. A program's error mostly stands at the end.
std::string excerpt(std::string_view message);
/// What a training failed with: "exception RuntimeError: ..." with an excerpt of its message, indented.
std::string failure_text(const input::Failure& failure);
/// All lines but the first, indented: what a program says must not look like a message of Stemma.
std::string indented(std::string_view text);
/// "7, 9, 12", and for a long list how many more.
std::string members_text(const std::vector<MemberId>& members);
/// Why a search ended, as the end of a sentence: "the members budget is used up".
std::string_view reason_text(EndReason reason);
/// The same, with what the manager knows of it: "the space has 6 configurations, and all have been tried".
std::string reason_text(EndReason reason, const Manager& manager);
/// Plain table with aligned columns (numbers right, first column left), two blanks between columns, no lines.
std::string table_text(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);
/// The rung table, one line for each rung. Of more than 40 rungs the first 35 and the last 5.
std::string rung_table(const std::vector<RungRow>& rungs, std::string_view unit);

}  // namespace stemma
