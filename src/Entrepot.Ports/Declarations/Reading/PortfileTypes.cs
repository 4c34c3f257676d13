using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Entrepot.Core.Documents;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>The kinds of value that a portfile has. A pattern admits everything that its reader reads, so that the schema never refuses
/// what loads.</summary>
internal static partial class PortfileTypes
{
    /// <summary>Longest owner, purpose and path in characters.</summary>
    public const int MaxTextLength = 500;

    private const string LabelPattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
    private const string DurationPattern = "^([0-9]+(d|h|m|s|ms))+$";

    public static Shape<string> Label { get; } = Text(
        "a name of 1–63 characters a–z, 0–9 and '-'", LabelPattern, static (string text, out string value) =>
        {
            value = text;
            return NodeName.TryParse(text, out _, out _);
        });

    public static Shape<NodeName> Node { get; } = new ScalarShape<NodeName>(FieldTypes.NodeName, ScalarKind.Text, Pattern(LabelPattern));

    public static Shape<IPNetwork> Network { get; } = new ScalarShape<IPNetwork>(NetworksType.Item, ScalarKind.Text, Pattern("^[0-9A-Fa-f.:]+(/[0-9]+)?$"));

    public static Shape<IReadOnlyList<IPNetwork>> Networks { get; } = new ListShape<IPNetwork>(
        Network, NetworksType.MaxCount, "a list of networks such as [10.0.0.0/8, \"fd00::/8\"]");

    public static Shape<MacAddress> Mac { get; } = Text<MacAddress>(
        "an Ethernet address such as 00:16:3e:00:00:01", "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$", MacAddress.TryParse);

    public static Shape<(int First, int Last)> PortRange { get; } = Text<(int First, int Last)>(
        "a range of ports such as 54321-54400, the lowest first", "^[0-9]+-[0-9]+$", TryRange);

    public static Shape<double> Share { get; } = Text<double>("a share such as 30%, 0%–100%", "^[0-9]{1,3}%$", TryShare);

    public static Shape<AccessRate> Rate { get; } = Text<AccessRate>(
        $"a rate such as 100/hour: 1–{AccessRate.MaxCount} per second, minute, hour or day", "^[0-9]{1,7}/(second|minute|hour|day)$", static (string text, out AccessRate rate) => AccessRate.TryParse(text, out rate!));

    public static Shape<DateTimeOffset> Expiry { get; } = Text<DateTimeOffset>(
        "a day such as 2027-06-30, the last one, or a moment such as 2027-06-30T18:00:00Z", "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$", TryExpiry);

    /// <summary>What people write for people, on one line.</summary>
    public static Shape<string> Sentence { get; } = Text(
        FormattableString.Invariant($"text of 1–{MaxTextLength} characters on one line"), FormattableString.Invariant($"^[^\\u0000-\\u001F\\u007F]{{1,{MaxTextLength}}}$"),
        static (string text, out string value) =>
        {
            value = text;
            return text.Length is > 0 and <= MaxTextLength && !text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.Contains('\u007f', StringComparison.Ordinal);
        });

    /// <summary>A user name (useradd(8)) or number.</summary>
    public static Shape<string> User { get; } = new ScalarShape<string>(
        Scalar("a user name or number", static (string text, out string value) => UserName().IsMatch(value = text)),
        ScalarKind.Text | ScalarKind.WholeNumber, Pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$"));

    /// <summary>systemd.unit(5): names of at most 255 characters.</summary>
    public static Shape<string> Unit { get; } = Text(
        "a systemd unit such as nginx.service", @"^[A-Za-z0-9:_.@\\-]{1,247}\.(service|socket|scope|slice)$", static (string text, out string value) => UnitName().IsMatch(value = text));

    public static Shape<string> Executable { get; } = Text(
        "the absolute path of a program", FormattableString.Invariant($"^/[^\\u0000]{{1,{MaxTextLength - 1}}}$"), static (string text, out string value) =>
        {
            value = text;
            return text.Length is > 1 and <= MaxTextLength && text[0] == '/' && !text.Contains('\0', StringComparison.Ordinal);
        });

    private delegate bool Parser<T>(string text, out T value);

    public static Shape<int> WholeNumber(int from, int to) => new ScalarShape<int>(FieldTypes.WholeNumber(from, to), ScalarKind.WholeNumber, schema =>
    {
        schema["minimum"] = from;
        schema["maximum"] = to;
    });

    public static Shape<int> Port { get; } = new ScalarShape<int>(FieldTypes.Port, ScalarKind.WholeNumber, static schema =>
    {
        schema["minimum"] = 1;
        schema["maximum"] = FieldTypes.MaxPort;
    });

    public static Shape<TimeSpan> Span(TimeSpan from, TimeSpan to) => new ScalarShape<TimeSpan>(FieldTypes.Span(from, to), ScalarKind.Text, Pattern(DurationPattern));

    /// <summary>A member of an enumeration, as <see cref="NameOf"/> writes it.</summary>
    public static Shape<T> Choice<T>()
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(NameOf, static value => value, StringComparer.Ordinal);
        var expected = names.Count == 2 ? string.Join(" or ", names.Keys) : $"one of {string.Join(", ", names.Keys)}";
        var type = new ScalarType<T>(
            expected,
            (text, out value, out hint) =>
            {
                hint = Suggestion.For(text, names.Keys) is { } near ? $"did you mean {near}?" : null;
                return names.TryGetValue(text, out value);
            },
            NameOf);
        return new ScalarShape<T>(type, ScalarKind.Text, schema => schema["enum"] = new JsonArray([.. names.Keys.Select(static name => JsonValue.Create(name))]));
    }

    /// <summary>How a member of an enumeration is written in a portfile: <c>BrowserBlocked</c> as <c>browserBlocked</c>.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum
        => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    private static ScalarShape<T> Text<T>(string expected, string pattern, Parser<T> parse) => new(Scalar(expected, parse), ScalarKind.Text, Pattern(pattern));

    private static ScalarType<T> Scalar<T>(string expected, Parser<T> parse) => new(
        expected,
        (text, out value, out hint) =>
        {
            hint = null;
            return parse(text, out value);
        },
        static value => $"{value}");

    private static Action<JsonObject> Pattern(string pattern) => schema => schema["pattern"] = pattern;

    private static bool TryRange(string text, out (int First, int Last) range)
    {
        range = default;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && TryPort(text.AsSpan(0, dash), out range.First) && TryPort(text.AsSpan(dash + 1), out range.Last) && range.First <= range.Last;
    }

    private static bool TryPort(ReadOnlySpan<char> text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= FieldTypes.MaxPort;

    private static bool TryShare(string text, out double share)
    {
        share = 0;
        if (text.Length is < 2 or > 4 || text[^1] != '%' || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) || percent > 100)
            return false;
        share = percent / 100.0;
        return true;
    }

    private static bool TryExpiry(string text, out DateTimeOffset end)
    {
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, utc, out end))
            return true;
        if (!DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, utc, out end) || end.Year == 9999)
            return false;
        end = end.AddDays(1);
        return true;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\z")]
    private static partial Regex UserName();

    [GeneratedRegex(@"\A[A-Za-z0-9:_.@\\-]{1,247}\.(service|socket|scope|slice)\z")]
    private static partial Regex UnitName();
}
