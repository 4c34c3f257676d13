namespace Entrepot.Core.Changes;

/// <summary>How closely whoever approves a change should look at an effect.</summary>
public enum EffectWeight
{
    /// <summary>It is told for completeness.</summary>
    Note,

    /// <summary>Somebody gets in, or does not any more; a port moves.</summary>
    Attention,

    /// <summary>Everybody gets in, something is lost, or something will not work.</summary>
    Danger,
}

/// <summary>One thing that a change of a document would do.</summary>
/// <param name="Weight">How closely to look.</param>
/// <param name="Subject">To what: <c>service web</c>, <c>mirror images</c>, <c>tcp/8080</c>.</param>
/// <param name="Text">What, as the rest of a sentence that begins with the subject.</param>
public sealed record ChangeEffect(EffectWeight Weight, string Subject, string Text)
{
    /// <summary>Most effects that are told of one change.</summary>
    public const int Most = 500;

    /// <summary>The gravest first, and no more than <see cref="Most"/> of them.</summary>
    public static IReadOnlyList<ChangeEffect> Order(IReadOnlyCollection<ChangeEffect> effects)
    {
        var ordered = effects.OrderByDescending(static effect => effect.Weight).Take(Most).ToList();
        if (effects.Count > Most)
            ordered.Add(new ChangeEffect(EffectWeight.Attention, "more", $"{effects.Count - Most} further effects are not listed"));
        return ordered;
    }
}
