// A map that is cheap to copy and to change a little: a refresh of the snapshot copies only the shards that it touches.
#pragma once

#include <array>
#include <bitset>
#include <functional>
#include <memory>
#include <unordered_map>

namespace fairlead::match {

// Copies share their shards. Reading is thread-safe; changing is the builder's alone, on its own copy, which it begins
// with start_changes() so that no shard that somebody else may read is written.
template <class Key, class Value>
class ShardedMap {
 public:
  static constexpr std::size_t shards = 256;
  using Shard = std::unordered_map<Key, Value>;

  [[nodiscard]] const Value* find(const Key& key) const {
    const auto& shard = shards_[index_of(key)];
    if (!shard) return nullptr;
    const auto found = shard->find(key);
    return found == shard->end() ? nullptr : &found->second;
  }
  template <class F>
  void for_each(F&& visit) const {
    for (const auto& shard : shards_) {
      if (!shard) continue;
      for (const auto& [key, value] : *shard) visit(key, value);
    }
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t total = 0;
    for (const auto& shard : shards_) total += shard ? shard->size() : 0;
    return total;
  }

  void start_changes() { own_.reset(); }
  Value& at_or_insert(const Key& key) { return own(key)[key]; }
  void erase(const Key& key) {
    if (find(key) != nullptr) own(key).erase(key);
  }

 private:
  static std::size_t index_of(const Key& key) { return std::hash<Key>{}(key) * 0x9E3779B97F4A7C15ULL >> 56; }
  Shard& own(const Key& key) {
    const std::size_t index = index_of(key);
    if (!own_[index]) {
      shards_[index] = shards_[index] ? std::make_shared<Shard>(*shards_[index]) : std::make_shared<Shard>();
      own_[index] = true;
    }
    return *shards_[index];
  }
  std::array<std::shared_ptr<Shard>, shards> shards_;
  std::bitset<shards> own_;
};

}  // namespace fairlead::match
