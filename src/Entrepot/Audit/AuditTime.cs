using System.Globalization;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;

namespace Entrepot.Cli.Audit;

/// <summary>A time on the command line: <c>2026-03-01</c>, <c>2026-03-01T12:00:00Z</c>, or <c>24h</c> for so long ago.</summary>
internal static class AuditTime
{
    public const string Form = "a time such as 2026-03-01T12:00:00Z, or so long ago, such as 24h";

    /// <summary>Reads it; null stays null. A time without a zone is UTC, as the journal's own.</summary>
    /// <exception cref="FaultException"><see cref="CliFault.Usage"/>.</exception>
    public static DateTimeOffset? Parse(string? text, string option, DateTimeOffset now)
        => text is null ? null
            : Duration.TryParse(text, out var ago) ? now - ago
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
            : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"{option} is '{text}'; expected {Form}").ToException();
}
