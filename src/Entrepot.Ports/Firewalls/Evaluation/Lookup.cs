using System.Collections.Immutable;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>Whether something is so.</summary>
internal enum Answer
{
    /// <summary>It is not.</summary>
    No,

    /// <summary>It may be.</summary>
    Maybe,

    /// <summary>It is.</summary>
    Yes,
}

/// <summary>Lookups of packets in sets.</summary>
internal static class Lookup
{
    /// <summary>What the fields of a key read; null when the packet lacks one.</summary>
    public static Reading[]? Key(Situation situation, ImmutableArray<FieldRead> fields)
    {
        var key = new Reading[fields.Length];
        for (var index = 0; index < key.Length; index++)
        {
            key[index] = situation.Read(fields[index]);
            if (key[index].Kind == ReadingKind.Absent)
                return null;
        }

        return key;
    }

    public static Answer Not(Answer answer) => (Answer)(Answer.Yes - answer);

    /// <summary>Whether a key is in a set.</summary>
    public static Answer Contains(ValueSet set, Reading[] key)
    {
        var answer = set.Doubt is null ? Answer.No : Answer.Maybe;
        foreach (var element in set.Elements)
        {
            var one = Matches(element, key);
            if (one == Answer.Yes && set.Doubt is null)
                return Answer.Yes;
            if (one != Answer.No)
                answer = Answer.Maybe;
        }

        return answer;
    }

    /// <summary>Whether a key is an element.</summary>
    public static Answer Matches(SetElement element, Reading[] key)
    {
        var answer = Answer.Yes;
        for (var index = 0; index < key.Length; index++)
        {
            var (range, reading) = (element.Key[index], key[index]);
            if (reading.Kind == ReadingKind.Unknown)
                answer = range == ValueRange.All ? answer : Answer.Maybe;
            else if (!(reading.Name is null ? range.Holds(reading.Value) : range.Holds(reading.Name)))
                return Answer.No;
        }

        return answer;
    }
}
