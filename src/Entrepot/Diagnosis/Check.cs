namespace Entrepot.Cli.Diagnosis;

/// <summary>How a check came out.</summary>
internal enum CheckStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, but not as well or as surely as it could.</summary>
    Warn,

    /// <summary>A node will not start, or not work.</summary>
    Fail,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Mend">How to mend it; null when all is well.</param>
internal sealed record Check(string Name, CheckStatus Status, string Finding, string? Mend = null)
{
    public static Check Ok(string name, string finding) => new(name, CheckStatus.Ok, finding);

    public static Check Warn(string name, string finding, string mend) => new(name, CheckStatus.Warn, finding, mend);

    public static Check Fail(string name, string finding, string mend) => new(name, CheckStatus.Fail, finding, mend);
}

/// <summary>All that was looked at.</summary>
/// <param name="Checks">In the order in which they were made.</param>
/// <param name="Warnings">How many warn.</param>
/// <param name="Failures">How many fail.</param>
internal sealed record DoctorReport(IReadOnlyList<Check> Checks, int Warnings, int Failures)
{
    public static DoctorReport Of(IReadOnlyList<Check> checks) => new(
        checks, checks.Count(static check => check.Status == CheckStatus.Warn), checks.Count(static check => check.Status == CheckStatus.Fail));
}
