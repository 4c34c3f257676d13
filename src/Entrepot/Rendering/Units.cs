using Entrepot.Core.Documents;
using System.Globalization;
using Entrepot.Core.Identities;

namespace Entrepot.Cli.Rendering;

/// <summary>How values are written for people.</summary>
internal static class Units
{
    public static string Size(long bytes) => ByteSize.Humanize(bytes);

    public static string Rate(double bytesPerSecond) => ByteSize.Humanize(bytesPerSecond) + "/s";

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Enough of a digest to tell it from another.</summary>
    public static string Short(Sha256Digest digest) => digest.Hex[..12];

    /// <summary>One thing or several: <c>1 file</c>, <c>2 files</c>.</summary>
    public static string Of(long number, string thing, string things) => $"{Count(number)} {(number == 1 ? thing : things)}";

    public static string Of(long number, string thing) => $"{Count(number)} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>A measured time.</summary>
    public static string Seconds(double seconds) => seconds.ToString(seconds < 10 ? "0.0 s" : "0 s", CultureInfo.InvariantCulture);

    /// <summary>How long ago, roughly: <c>3 s</c>, <c>2 h</c>.</summary>
    public static string Ago(TimeSpan span) => span.Ticks < 0 ? "in the future" : span switch
    {
        { TotalMinutes: < 1 } => $"{span.Seconds} s ago",
        { TotalHours: < 1 } => $"{(int)span.TotalMinutes} min ago",
        { TotalDays: < 1 } => $"{(int)span.TotalHours} h ago",
        _ => $"{Count((int)span.TotalDays)} d ago",
    };
}
