using System.Collections.Immutable;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>Values from <paramref name="First"/> to <paramref name="Last"/>, or the names that <paramref name="Name"/> stands for.</summary>
/// <param name="First">Lowest value.</param>
/// <param name="Last">Highest value, included.</param>
/// <param name="Name">A name, with <c>*</c> at its end for all that begin so; null for numbers.</param>
public readonly record struct ValueRange(UInt128 First, UInt128 Last, string? Name = null)
{
    /// <summary>Every value and name.</summary>
    public static ValueRange All { get; } = new(0, UInt128.MaxValue);

    /// <summary>One value.</summary>
    public static ValueRange Of(UInt128 value) => new(value, value);

    /// <summary>Names of interfaces.</summary>
    public static ValueRange Named(string name) => new(0, 0, name);

    /// <summary>True when a value is one of them.</summary>
    public bool Holds(UInt128 value) => Name is null && value >= First && value <= Last;

    /// <summary>True when a name is one of them.</summary>
    public bool Holds(string name)
        => Name is null
            ? First == 0 && Last == UInt128.MaxValue
            : Name.EndsWith('*') ? name.StartsWith(Name.AsSpan(0, Name.Length - 1), StringComparison.Ordinal) : name == Name;
}

/// <summary>An element: one range for every field of the key.</summary>
/// <param name="Key">As many as the key has fields.</param>
/// <param name="Verdict">What a verdict map says for it, or null.</param>
public sealed record SetElement(ImmutableArray<ValueRange> Key, RuleVerdict? Verdict = null);

/// <summary>A set or map, named or written in a rule.</summary>
/// <param name="name">Its name, or null.</param>
/// <param name="elements">What is in it.</param>
public sealed class ValueSet(string? name, ImmutableArray<SetElement> elements)
{
    /// <summary>Its name, or null when it is written in a rule.</summary>
    public string? Name { get; } = name;

    /// <summary>What is in it.</summary>
    public ImmutableArray<SetElement> Elements { get; } = elements;

    /// <summary>Why its content is not known: packets add to it, or it could not be read. Null when it is known.</summary>
    public string? Doubt { get; init; }

    /// <summary>A set of ranges over one field.</summary>
    public static ValueSet Of(params IEnumerable<ValueRange> ranges) => new(null, [.. ranges.Select(static range => new SetElement([range]))]);
}
