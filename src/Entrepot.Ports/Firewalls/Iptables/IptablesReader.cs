using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Iptables;

/// <summary>Reads what <c>iptables-save</c> and <c>ip6tables-save</c> print (iptables-extensions(8)). What it does not understand of a rule
/// is kept as unknown.</summary>
public static class IptablesReader
{
    /// <summary>Reads a ruleset of one family. Any text gives a ruleset or a fault that names the line.</summary>
    /// <param name="text">What the program printed.</param>
    /// <param name="six">True for ip6tables.</param>
    /// <param name="now">The time, in UTC, at which rules that end by themselves are looked at; null when it is not known.</param>
    /// <param name="ruleset">The ruleset.</param>
    /// <param name="fault">Which line could not be read, and why.</param>
    public static bool TryRead(
        string text, bool six, DateTimeOffset? now, [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out Fault? fault)
    {
        (ruleset, fault) = (null, null);
        var tables = new List<RuleTable>();
        Table? table = null;
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var problem = (table, line) switch
            {
                (null, ['*', .. var name]) when name.Length > 0 => Begin(name),
                (null, _) => "a table, such as *filter, is expected",
                (_, [':', ..]) => table.Declare(line),
                (_, "COMMIT") => End(),
                _ => table.Add(line),
            };
            if (problem is not null)
            {
                fault = Fault.Of(
                    RulesetFault.Malformed, FaultKind.Invalid, string.Create(CultureInfo.InvariantCulture, $"This is not a ruleset of iptables: line {number}: {problem}."),
                    $"Read it with {(six ? "ip6tables-save" : "iptables-save")}.");
                return false;
            }
        }

        if (table is not null)
        {
            fault = Fault.Of(
                RulesetFault.Incomplete, FaultKind.Invalid, $"The ruleset of iptables is not whole: table {table.Name} has no COMMIT.",
                $"Read it whole with {(six ? "ip6tables-save" : "iptables-save")}.");
            return false;
        }

        ruleset = new Ruleset([.. tables]);
        return true;

        string? Begin(string name)
        {
            table = new Table(name, six, now);
            return null;
        }

        string? End()
        {
            tables.Add(table!.Finish());
            table = null;
            return null;
        }
    }

    /// <summary>The words of a line; in quotes, a backslash stands before what is meant itself. Null when a quote does not end.</summary>
    internal static List<string>? Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (isQuoted, isBegun) = (false, false);
        for (var index = 0; index < line.Length; index++)
        {
            var letter = line[index];
            if (letter == '\\' && isQuoted && index + 1 < line.Length)
                word.Append(line[++index]);
            else if (letter == '"')
                (isQuoted, isBegun) = (!isQuoted, true);
            else if (letter == ' ' && !isQuoted)
            {
                if (isBegun || word.Length > 0)
                    words.Add(word.ToString());
                word.Clear();
                isBegun = false;
            }
            else
                word.Append(letter);
        }

        if (isBegun || word.Length > 0)
            words.Add(word.ToString());
        return isQuoted ? null : words;
    }

    /// <summary>A table on its way.</summary>
    private sealed class Table(string name, bool six, DateTimeOffset? now)
    {
        private readonly List<string> _order = [];
        private readonly Dictionary<string, (ChainHook? Hook, List<List<string>> Rules)> _chains = new(StringComparer.Ordinal);

        public string Name { get; } = name;

        public string? Declare(string line)
        {
            if (line[1..].Split(' ') is not [{ Length: > 0 } chain, { Length: > 0 } policy, ..])
                return "a chain needs a name and a policy";
            var hook = policy == "-" ? null : Hook(chain, policy == "DROP");
            if (policy is not ("-" or "ACCEPT" or "DROP") || (policy != "-" && hook is null))
                return $"chain {chain} can't have policy {policy}";
            if (_chains.TryAdd(chain, (hook, [])))
                _order.Add(chain);
            return null;
        }

        public string? Add(string line)
        {
            if (Words(line) is not { } words)
                return "a quote does not end";
            if (words.Count > 0 && words[0].StartsWith('['))
                words.RemoveAt(0); // counters
            if (words is not ["-A", var chain, ..])
                return $"'{line[..Math.Min(line.Length, 40)]}' is no rule";
            if (!_chains.TryGetValue(chain, out var found))
                return $"chain {chain} is not declared";
            found.Rules.Add(words[2..]);
            return null;
        }

        public RuleTable Finish()
        {
            var family = six ? RuleFamily.Ip6 : RuleFamily.Ip;
            return new RuleTable(family, Name,
            [
                .. _order.Select(chain => new RuleChain(chain, _chains[chain].Hook, [.. _chains[chain].Rules.Select((words, index) => Rule(chain, index + 1, words))])),
            ]);
        }

        private FilterRule Rule(string chain, int number, List<string> words)
        {
            var (statements, comment) = new IptablesRule(words, six, now, _chains.ContainsKey).Read();
            var place = string.Create(CultureInfo.InvariantCulture, $"{(six ? "ip6" : "ip")} {Name} {chain} rule {number}");
            return new FilterRule(comment is null ? place : $"{place} \"{comment}\"", statements);
        }

        /// <summary>Where the kernel's own chains stand (NF_IP_PRI_*).</summary>
        private ChainHook? Hook(string chain, bool drops)
        {
            HookPoint? point = chain switch
            {
                "PREROUTING" => HookPoint.Prerouting,
                "INPUT" => HookPoint.Input,
                "FORWARD" => HookPoint.Forward,
                "OUTPUT" => HookPoint.Output,
                "POSTROUTING" => HookPoint.Postrouting,
                _ => null,
            };
            var priority = Name switch { "raw" => -300, "mangle" => -150, "nat" => chain is "PREROUTING" or "OUTPUT" ? -100 : 100, "security" => 50, _ => 0 };
            return point is { } known ? new ChainHook(known, Name == "nat" ? ChainKind.Nat : ChainKind.Filter, priority, drops) : null;
        }
    }
}
