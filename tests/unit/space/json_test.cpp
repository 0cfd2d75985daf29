#include "space/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/space/spaces.hpp"

namespace stemma {
namespace {

using nlohmann::json;

TEST(SpaceJson, TellsAllThatAReaderNeeds) {
    const auto space = json::parse(space_json(test::training_space()));
    const auto& parameters = space.at("parameters");
    ASSERT_EQ(parameters.size(), 7U);
    EXPECT_EQ(parameters[0], json::parse(R"({"name": "lr", "type": "real", "role": "mutable", "low": 1e-5, "high": 1.0,
                                             "scale": "log", "step": null, "default": 1e-3, "when": []})"));
    EXPECT_EQ(parameters[3], json::parse(R"({"name": "nesterov", "type": "categorical", "role": "fixed",
                                             "choices": [false, true], "default": null,
                                             "when": [{"parameter": "momentum", "any_of": [0.9, 0.99]}]})"));
    EXPECT_EQ(parameters[6].at("choices"), json::array({1}));
    EXPECT_EQ(space.at("forbidden"), json::parse(R"([[{"parameter": "optimizer", "any_of": ["sgd"]},
                                                      {"parameter": "momentum", "any_of": [0.99]},
                                                      {"parameter": "nesterov", "any_of": [true]}]])"));
}

TEST(SpaceJson, IsOneLine) { EXPECT_EQ(space_json(test::training_space()).find('\n'), std::string::npos); }

TEST(SpaceJson, TakesTextThatIsNotUtf8) {
    const SearchSpace space({{"x", Categorical{{std::string("\xff")}}, Role::fixed, {}, {}}});
    EXPECT_EQ(json::parse(space_json(space)).at("parameters")[0].at("choices")[0], "\xef\xbf\xbd");  // U+FFFD
}

}  // namespace
}  // namespace stemma
