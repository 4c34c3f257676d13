using System.Collections.Immutable;
using System.Globalization;

namespace Entrepot.Core.Journal;

/// <summary>A body of rules that says how long a journal is kept.</summary>
public enum RetentionProfile
{
    /// <summary>China's Cybersecurity Law and MLPS level 3 (GB/T 22239 8.1.5.4 d): network logs at least six months.</summary>
    Mlps3,

    /// <summary>PCI DSS v4.0.1, 10.5.1: at least twelve months.</summary>
    Pci,

    /// <summary>45 CFR 164.316(b)(2)(i): six years, where the journal is the required documentation.</summary>
    Hipaa,

    /// <summary>GDPR 5(1)(e) as the CNIL reads it for logs (2021-122): people's data no longer than twelve months.</summary>
    Gdpr,
}

/// <summary>How long a journal is kept, and from when on it names no people.</summary>
/// <param name="Keep">Entries are kept at least so long; after it they go, whole checkpoints at a time.</param>
/// <param name="Pseudonymise">After so long people and addresses become pseudonyms; null for never.</param>
/// <param name="Reasons">Why, one sentence for each rule that counted.</param>
public sealed record JournalRetention(TimeSpan Keep, TimeSpan? Pseudonymise, ImmutableArray<string> Reasons)
{
    /// <summary>The floor that nothing lowers, in days: six months, of which the longest six in a row have 184 days.</summary>
    public const int LeastDays = 184;

    /// <summary>The same as a time.</summary>
    public static TimeSpan Floor { get; } = TimeSpan.FromDays(LeastDays);

    /// <summary>Most days that can be asked for: a century.</summary>
    public const int MostDays = 36_500;

    /// <summary>Joins what is asked for with what profiles demand: the longest minimum wins, and the shortest maximum turns people into pseudonyms
    /// instead of shortening it.</summary>
    /// <param name="keepDays">What is asked for, <see cref="LeastDays"/>–<see cref="MostDays"/>.</param>
    /// <param name="pseudonymiseDays">What is asked for, likewise; null for never.</param>
    /// <param name="profiles">The profiles that apply.</param>
    public static JournalRetention Resolve(int keepDays, int? pseudonymiseDays, IEnumerable<RetentionProfile> profiles)
    {
        var reasons = ImmutableArray.CreateBuilder<string>();
        var (keep, most) = (Math.Max(keepDays, LeastDays), pseudonymiseDays is { } asked ? Math.Max(asked, LeastDays) : (int?)null);
        reasons.Add(Text($"{keep} days are asked for; fewer than {LeastDays} can't be."));
        if (most is not null)
            reasons.Add(Text($"People are named for {most} days, as asked for."));
        foreach (var profile in profiles.Distinct().Order())
        {
            var (least, longest, why) = RulesOf(profile);
            if (least > keep)
            {
                keep = least.Value;
                reasons.Add(Text($"{why}: kept at least {least} days."));
            }

            if (longest is not null && !(most <= longest))
            {
                most = longest;
                reasons.Add(Text($"{why}: people are named for at most {longest} days."));
            }
        }

        if (most >= keep)
            most = null;  // The entries are gone by then.
        return new JournalRetention(TimeSpan.FromDays(keep), most is { } days ? TimeSpan.FromDays(days) : null, reasons.ToImmutable());
    }

    private static (int? Least, int? Most, string Why) RulesOf(RetentionProfile profile) => profile switch
    {
        RetentionProfile.Mlps3 => (LeastDays, null, "MLPS 3, 8.1.5.4 d"),
        RetentionProfile.Pci => (366, null, "PCI DSS 10.5.1"),
        RetentionProfile.Hipaa => (2192, null, "45 CFR 164.316(b)(2)(i)"),
        _ => (null, 366, "GDPR 5(1)(e)"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
