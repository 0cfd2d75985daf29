// What SCHEMA.md says of the payload is enough to decode it: a reader that knows nothing else takes every byte.
#include "record/payload_text.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "record/schema.hpp"
#include "record_samples.hpp"

namespace stemma {
namespace {

using Fields = std::vector<std::string>;  ///< types, in order

/// `(a T, b (c T, d T))` without the outer brackets, split at its own commas; of each part what stands behind its name.
Fields types_of(const std::string& text) {
    Fields types;
    std::string part;
    int depth = 0;
    for (const char c : text + ",") {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c != ',' || depth > 0) {
            part += c;
            continue;
        }
        const auto start = part.find_first_not_of(' ');
        if (start != std::string::npos) types.push_back(part.substr(part.find(' ', start) + 1));
        part.clear();
    }
    return types;
}

void skip(const std::string& type, ByteReader& in) {
    const auto begins = [&](std::string_view with) { return type.starts_with(with); };
    if (begins("list of ")) {
        for (auto count = in.get<std::uint32_t>(); count > 0; --count) skip(type.substr(8), in);
    } else if (begins("optional ")) {
        if (in.get<std::uint8_t>() == 1) skip(type.substr(9), in);
    } else if (begins("tail ")) {
        if (in.left() > 0) skip(type.substr(5), in);
    } else if (begins("(")) {
        for (const auto& one : types_of(type.substr(1, type.size() - 2))) skip(one, in);
    } else if (type == "text") {
        for (auto count = in.get<std::uint32_t>(); count > 0; --count) in.get<std::uint8_t>();
    } else if (type == "value") {
        const auto kind = in.get<std::uint8_t>();
        if (kind == 1 || kind == 2) in.get<std::uint64_t>();
        if (kind == 3) in.get<std::uint32_t>();
    } else if (type == "id" || type == "uint64" || type == "int64" || type == "float64") {
        in.get<std::uint64_t>();
    } else if (type == "uint32") {
        in.get<std::uint32_t>();
    } else if (type == "bool" || begins("uint8 ")) {
        in.get<std::uint8_t>();
    } else {
        FAIL() << "a type that SCHEMA.md does not explain: " << type;
    }
}

/// The rows `| kind | name | fields |` under a heading.
std::map<int, Fields> described(const std::string& heading) {
    std::istringstream text(record::payload_markdown());
    std::map<int, Fields> kinds;
    bool here = false;
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("### ")) here = line == "### " + heading;
        if (!here || line.size() < 3 || line[2] < '0' || line[2] > '9') continue;
        const auto second = line.find('|', line.find('|', 1) + 1);
        kinds[std::stoi(line.substr(2))] = types_of(line.substr(second + 1, line.size() - second - 3));
    }
    return kinds;
}

TEST(PayloadText, IsEnoughToDecodeEveryInputAndDecision) {
    const auto inputs = described("Inputs"), decisions = described("Decisions");
    EXPECT_EQ(inputs.size(), std::variant_size_v<input::Body>);
    EXPECT_EQ(decisions.size(), std::variant_size_v<Effect>);
    testing::RecordSampler sampler(3);
    for (std::uint64_t i = 0; i < 3000; ++i) {
        Bytes bytes;
        record::encode(sampler.input(i), bytes);
        ByteReader in(bytes);
        EXPECT_EQ(in.get<std::uint64_t>(), i);
        EXPECT_EQ(in.get<double>(), static_cast<double>(i) * 0.25);
        for (const auto& type : inputs.at(in.get<std::uint8_t>())) skip(type, in);
        EXPECT_EQ(in.left(), 0U);

        Bytes answer;
        record::encode(sampler.effect(), answer);
        ByteReader decision(answer);
        for (const auto& type : decisions.at(decision.get<std::uint8_t>())) skip(type, decision);
        EXPECT_EQ(decision.left(), 0U);
    }
}

TEST(PayloadText, NamesFieldsAndEnumerations) {
    const auto text = record::payload_markdown();
    EXPECT_NE(text.find("| 0 | `incarnation_started` | incarnation uint32, workers uint32 |"), std::string::npos);
    EXPECT_NE(text.find("rows list of (resource int64, values list of float64)"), std::string::npos);
    EXPECT_NE(text.find("source (kind uint8 SOURCE_KINDS, snapshot id"), std::string::npos);
    EXPECT_NE(record::payload_python().find("    \"ended\": {\"reason\": \"uint8 END_REASONS\", \"best\": \"id\"},\n"),
              std::string::npos);
}

}  // namespace
}  // namespace stemma
