#include "trainer/process/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/errors.hpp"
#include "trainer/process/output_tail.hpp"

namespace stemma {
namespace {

using Json = nlohmann::json;

TEST(Frames, ComeOutWholeHoweverTheyArrive) {
    const auto stream = framed("{}") + framed("") + framed(R"({"a": 1})");
    FrameReader reader;
    std::vector<std::string> got;

    for (const char byte : stream) {
        reader.feed({&byte, 1});
        while (auto frame = reader.next()) got.push_back(*frame);
    }

    EXPECT_EQ(got, (std::vector<std::string>{"{}", "", R"({"a": 1})"}));
    EXPECT_TRUE(reader.empty());
}

TEST(Frames, AnImpossibleLengthIsNoFrame) {
    FrameReader reader;
    reader.feed("Epoch 1\n");

    EXPECT_ERROR(reader.next(), ProtocolError, "no frame of the protocol came but \"Epoch 1");
}

TEST(FromProgram, ReportsAreRead) {
    const auto message = parse_from_child(
        R"({"type": "report", "lease": 3, "at": 2, "metrics": {"a": 0.5, "b": null, "c": "nan",
            "d": "-inf"}, "snapshot": true, "new": 1})");

    const auto& report = std::get<ChildReport>(message);
    EXPECT_EQ(report.lease, 3U);
    EXPECT_EQ(report.at, 2);
    EXPECT_TRUE(report.snapshot);
    ASSERT_EQ(report.metrics.size(), 4U);
    EXPECT_EQ(report.metrics[0], std::pair(std::string("a"), std::optional(0.5)));
    EXPECT_FALSE(report.metrics[1].second.has_value());
    EXPECT_TRUE(std::isnan(*report.metrics[2].second));
    EXPECT_EQ(*report.metrics[3].second, -INFINITY);
}

TEST(FromProgram, HelloSaysWhatCanChange) {
    EXPECT_FALSE(std::get<ChildHello>(parse_from_child(R"({"type": "hello", "protocol": 1})")).can_change);
    const auto message = parse_from_child(R"({"type": "hello", "protocol": 1, "mutable": ["lr"]})");
    EXPECT_EQ(std::get<ChildHello>(message).can_change, std::vector<std::string>{"lr"});
}

/// A text, and what its refusal says.
class Refused : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Refused, IsNoMessage) {
    const auto& [text, says] = GetParam();
    EXPECT_ERROR(parse_from_child(text), ProtocolError, says);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, Refused,
    testing::Values(
        std::pair("", "a message is not JSON"), std::pair("{", "a message is not JSON"),
        std::pair("[]", "a message must be a table with a text \"type\""),
        std::pair("3", "a message must be a table with a text \"type\""),
        std::pair("null", "a message must be a table with a text \"type\""),
        std::pair("{}", "a message must be a table with a text \"type\""),
        std::pair(R"({"type": 3})", "a message must be a table with a text \"type\""),
        std::pair(R"({"type": "lease"})", "there is no message \"lease\""),
        std::pair(R"({"type": "hello"})", "a \"hello\" needs \"protocol\""),
        std::pair(R"({"type": "hello", "protocol": -1})", "\"protocol\" must be an integer >= 0"),
        std::pair(R"({"type": "hello", "protocol": 1, "mutable": "lr"})", "\"mutable\" must be a list"),
        std::pair(R"({"type": "hello", "protocol": 1, "mutable": [3]})", "\"mutable\" must be a list"),
        std::pair(R"({"type": "report", "lease": 1, "at": 1})", "a \"report\" needs \"metrics\""),
        std::pair(R"({"type": "report", "lease": 1, "metrics": {}})", "a \"report\" needs \"at\""),
        std::pair(R"({"type": "report", "lease": 1, "at": 1.5, "metrics": {}})", "\"at\" must be an integer >= 0"),
        std::pair(R"({"type": "report", "lease": 1, "at": -1, "metrics": {}})", "\"at\" must be an integer >= 0"),
        std::pair(R"({"type": "report", "lease": 1, "at": 9223372036854775808, "metrics": {}})",
                  "\"at\" is beyond any training"),
        std::pair(R"({"type": "report", "lease": 1, "at": 1, "metrics": {"a": "big"}})",
                  "metric \"a\" must be a number, null"),
        std::pair(R"({"type": "report", "lease": 1, "at": 1, "metrics": {"a": [1]}})",
                  "metric \"a\" must be a number, null"),
        std::pair(R"({"type": "report", "lease": 1, "at": 1, "metrics": {}, "snapshot": 1})",
                  "\"snapshot\" must be true or false"),
        std::pair(R"({"type": "failure", "lease": 1, "kind": "worker_lost"})",
                  "there is no kind of failure \"worker_lost\""),
        std::pair(R"({"type": "progress", "lease": 1, "at": 1, "metrics": {"a": NaN}})",
                  "JSON, which has no NaN and no Infinity")));

TEST(ToProgram, ALeaseSaysEverything) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{1e-4, 1, Scale::log, {}};
    Parameter optimizer;
    optimizer.name = "optimizer";
    optimizer.domain = Categorical{{std::string("sgd"), std::string("adam")}};
    Parameter momentum;
    momentum.name = "momentum";
    momentum.domain = Real{0, 1, Scale::linear, {}};
    momentum.when = {{1, {0}}};
    const SearchSpace space({lr, optimizer, momentum});
    const std::vector<std::pair<std::string, Literal>> values{{"lr", 0.1}, {"optimizer", std::string("adam")}};
    const auto configuration = space.from_literals(values);
    const auto parent = space.from_literals({{{"lr", 0.2}, {"optimizer", std::string("sgd")}, {"momentum", 0.5}}});
    const TrainRequest request{.member = {7},
                               .configuration = {space, configuration},
                               .seed = ~std::uint64_t{0},
                               .from = 2,
                               .to = 5,
                               .max = 9,
                               .adopted = true,
                               .parent_configuration = NamedConfiguration(space, parent)};

    const auto message = Json::parse(lease_json({9, &request, "/s/start", "/s/save", (std::uint64_t{1} << 40U) + 5}));

    EXPECT_EQ(message, Json::parse(R"({"type": "lease", "lease": 9, "member": 7, "seed": 2147483647,
        "seed64": 18446744073709551615, "run_seed": 5, "from": 2, "to": 5, "max": 9, "adopted": true,
        "configuration": {"lr": 0.1, "optimizer": "adam"},
        "parent_configuration": {"lr": 0.2, "optimizer": "sgd", "momentum": 0.5},
        "start": "/s/start", "save": "/s/save"})"));
}

TEST(ToProgram, ALeaseFromScratchHasNoParentAndMaybeNoEnd) {
    const SearchSpace space(std::vector<Parameter>{});
    const Configuration none;
    const TrainRequest request{.member = {1}, .configuration = {space, none}, .to = 1};

    const auto message = Json::parse(lease_json({1, &request, "", "/save"}));

    EXPECT_TRUE(message.at("max").is_null());
    EXPECT_TRUE(message.at("parent_configuration").is_null());
    EXPECT_TRUE(message.at("start").is_null());
}

TEST(OutputTail, KeepsWholeLastLines) {
    OutputTail tail("");
    for (int line = 0; line < 5000; ++line) tail.append("line " + std::to_string(line) + "\n");

    EXPECT_EQ(tail.text(20), "line 4998\nline 4999");
}

}  // namespace
}  // namespace stemma
