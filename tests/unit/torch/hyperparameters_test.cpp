#include "trainer/torch_library/hyperparameters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "trainer/torch/torch_trainer.hpp"

namespace stemma {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Fixed = std::map<std::string, Literal>;

Hyperparameters read(const Fixed& fixed, const std::string& model = "mlp") {
    const SearchSpace empty;
    return read_hyperparameters(NamedConfiguration(empty, {}), fixed, model);
}

TEST(Hyperparameters, HaveDefaults) {
    const auto h = read({});
    EXPECT_EQ(h.lr, 0.001);
    EXPECT_EQ(h.optimizer, "sgd");
    EXPECT_EQ(h.batch_size, 128);
}

TEST(Hyperparameters, HaveDefaultsOfTheirModel) {
    EXPECT_EQ(read({}).width, 128);
    EXPECT_EQ(read({}, "lstm").width, 650);
    EXPECT_EQ(read({}, "resnet18").width, 64);
    EXPECT_EQ(read({{"width", std::int64_t{8}}}, "resnet18").width, 8);
    EXPECT_TRUE(read({{"batch_norm", false}}, "resnet18").batch_norm) << "it has no other form";
}

TEST(Hyperparameters, TheSpaceGoesBeforeFixedValues) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Constant{0.5};
    const SearchSpace space({lr});
    const auto configuration = space.from_unit(std::vector{0.0});

    const auto h =
        read_hyperparameters(NamedConfiguration(space, configuration), {{"lr", 0.25}, {"width", std::int64_t{7}}});

    EXPECT_EQ(h.lr, 0.5);
    EXPECT_EQ(h.width, 7);
}

TEST(Hyperparameters, ComplementsOfBetasAreTaken) {
    const auto h = read({{"one_minus_beta1", 0.25}, {"one_minus_beta2", 0.125}});
    EXPECT_EQ(h.beta1, 0.75);
    EXPECT_EQ(h.beta2, 0.875);
}

TEST(Hyperparameters, WhatCannotBeTrainedIsInfeasible) {
    const std::vector<std::pair<std::string, Literal>> wrong = {{"lr", 0.0},
                                                                {"width", std::int64_t{0}},
                                                                {"batch_size", std::int64_t{0}},
                                                                {"layers", std::int64_t{-1}},
                                                                {"dropout", 1.5},
                                                                {"momentum", 1.0},
                                                                {"optimizer", "lion"},
                                                                {"activation", "sin"},
                                                                {"weight_decay", -1.0},
                                                                {"eps", 0.0},
                                                                {"gradient_clip", -1.0},
                                                                {"sequence", std::int64_t{0}},
                                                                {"lr_schedule", "cosine"},
                                                                {"warmup", -1.0},
                                                                {"nesterov", true},
                                                                {"beta1", 1.0}};
    for (const auto& [name, value] : wrong) {
        // What is missing beside it is named.
        const auto blamed = name == "nesterov" ? "momentum" : name == "schedule" ? "horizon" : name;
        EXPECT_ERROR(read({{name, value}}), Infeasible, blamed + " = ") << name;
    }
    EXPECT_THAT([] { read({{"width", std::int64_t{0}}}); }, ThrowsMessage<Infeasible>(HasSubstr("width = 0")));
}

TEST(Hyperparameters, EachKnownNameCanBeFixed) {
    for (const auto& name : hyperparameter_names()) {
        // Every name is looked at: a text where a number belongs is refused, and a number where a text does.
        bool refused = false;
        for (const Literal& value : {Literal{"no such word"}, Literal{std::int64_t{-7}}}) {
            try {
                read({{name, value}, {"lr_schedule", name == "lr_schedule" ? value : Literal{"step"}}});
            } catch (const std::exception&) {
                refused = true;
            }
        }
        EXPECT_TRUE(refused) << name;
    }
}

}  // namespace
}  // namespace stemma
