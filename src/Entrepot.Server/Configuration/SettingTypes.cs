using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Configuration;

/// <summary>The kinds of value that settings have.</summary>
internal static class SettingTypes
{
    public const int MaxPort = 65535;  // RFC 9293 §3.1: 16 bits

    public static SettingType<bool> Switch { get; } = new ScalarType<bool>(
        "true or false",
        static (text, out value, out hint) =>
        {
            hint = null;
            value = text == "true";
            return text is "true" or "false";
        },
        static value => value ? "true" : "false");

    public static SettingType<string> Folder { get; } = new ScalarType<string>(
        "a folder's path",
        static (text, out value, out hint) =>
        {
            value = text;
            hint = text.Contains('\0', StringComparison.Ordinal) ? "it holds a NUL" : null;
            return text.Length > 0 && hint is null;
        },
        Quote);

    public static SettingType<NodeName> NodeName { get; } = new ScalarType<NodeName>(
        "a node name of 1–63 characters a–z, 0–9 and '-'",
        static (text, out value, out hint) =>
        {
            hint = null;
            return Core.Identities.NodeName.TryParse(text, out value, out _);
        },
        static value => Quote(value.Value));

    public static SettingType<string> SiteName { get; } = new ScalarType<string>(
        "a site name of 1–63 characters a–z, 0–9 and '-'",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return Core.Identities.NodeName.TryParse(text, out _, out _);
        },
        Quote);

    public static SettingType<IPAddress> Address { get; } = new ScalarType<IPAddress>(
        "an IP address such as 127.0.0.1, 0.0.0.0 or ::",
        static (text, out value, out hint) =>
        {
            hint = text == "localhost" ? "write 127.0.0.1 or ::1" : null;
            return TryAddress(text, out value!);
        },
        static value => Quote(value.ToString()));

    public static SettingType<string?> Host { get; } = Optional(new ScalarType<string>(
        "a host name or IP address without scheme and port",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length <= 253 && Uri.CheckHostName(text.Trim('[', ']')) != UriHostNameType.Unknown;
        },
        Quote));

    public static SettingType<Uri?> Url { get; } = Optional(new ScalarType<Uri>(
        "a URL such as http://origin.example:3000",
        static (text, out value, out hint) =>
        {
            var ok = Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
            (value, hint) = (uri!, ok ? null : "it must begin with http:// or https://");
            if (!ok || (uri!.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 && uri.AbsolutePath == "/"))
                return ok;
            hint = "only scheme, host and port are used";
            return false;
        },
        static value => Quote(value.GetLeftPart(UriPartial.Authority))));

    public static SettingType<int> Port { get; } = Integer(1, MaxPort, "a port, 1–65535");

    public static SettingType<int> PortOrAny { get; } = Integer(0, MaxPort, "a port, 1–65535, or 0 for any free one");

    public static SettingType<PortRange> PortRange { get; } = new ScalarType<PortRange>(
        "a range of ports such as 54321-54400",
        static (text, out value, out hint) =>
        {
            (value, hint) = (default, null);
            var parts = text.Split('-');
            if (parts.Length != 2 || !TryInteger(parts[0].Trim(), out var first) || !TryInteger(parts[1].Trim(), out var last))
                return false;
            hint = first is < 1 or > MaxPort || last is < 1 or > MaxPort ? "ports are 1–65535" : first > last ? "the first is above the last" : null;
            value = new PortRange((int)Math.Min(first, MaxPort), (int)Math.Min(last, MaxPort));
            return hint is null;
        },
        static value => value.ToString());

    public static SettingType<ImmutableArray<IPNetwork>> Networks { get; } = new NetworksType();

    public static SettingType<ImmutableArray<SiteSettings>> Sites { get; } = new SitesType();

    public static SettingType<int> Integer(int from, int to, string? expected = null) => new ScalarType<int>(
        expected ?? string.Create(CultureInfo.InvariantCulture, $"a whole number, {from}–{to}"),
        (text, out value, out hint) =>
        {
            hint = null;
            var ok = TryInteger(text, out var number) && number >= from && number <= to;
            value = ok ? (int)number : 0;
            return ok;
        },
        static value => value.ToString(CultureInfo.InvariantCulture));

    public static SettingType<int?> OptionalInteger(int from, int to)
        => new OptionalType<int, int?>(Integer(from, to), static value => value, static value => (value.HasValue, value.GetValueOrDefault()));

    public static SettingType<long> Size(long from, long to) => new ScalarType<long>(
        $"a size such as 10GiB, {ByteSize.Format(from)}–{(to == long.MaxValue ? "8EiB" : ByteSize.Format(to))}",
        (text, out value, out hint) =>
        {
            hint = null;
            return ByteSize.TryParse(text, out value) && value >= from && value <= to;
        },
        ByteSize.Format);

    /// <summary>Bytes per second; zero turns the rule off.</summary>
    public static SettingType<long> Rate(long from, long to) => new ScalarType<long>(
        $"a rate such as 32MiB/s, {(from > 1 ? $"{ByteSize.Format(from)}/s–" : "up to ")}{ByteSize.Format(to)}/s, or 0 for off",
        (text, out value, out hint) =>
        {
            value = 0;
            hint = null;
            if (text == "0")
                return true;
            hint = text.EndsWith("/s", StringComparison.Ordinal) ? null : "it ends with /s";
            return hint is null && ByteSize.TryParse(text[..^2], out value) && (value == 0 || (value >= from && value <= to));
        },
        static value => value == 0 ? "0" : ByteSize.Format(value) + "/s");

    public static SettingType<TimeSpan> Span(TimeSpan from, TimeSpan to) => new ScalarType<TimeSpan>(
        $"a duration such as 90s or 1h30m, {Duration.Format(from)}–{Duration.Format(to)}",
        (text, out value, out hint) =>
        {
            hint = text.All(char.IsAsciiDigit) ? "say the unit: ms, s, m, h or d" : null;
            return Duration.TryParse(text, out value) && value >= from && value <= to;
        },
        Duration.Format);

    public static SettingType<T> Choice<T>()
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(static name => name.ToLowerInvariant()).ToArray();
        return new ScalarType<T>(
            names.Length == 2 ? $"{names[0]} or {names[1]}" : $"one of {string.Join(", ", names)}",
            (text, out value, out hint) =>
            {
                value = default;
                hint = Suggestion.For(text, names) is { } near ? $"did you mean {near}?" : null;
                return names.Contains(text, StringComparer.Ordinal) && Enum.TryParse(text, ignoreCase: true, out value);
            },
            static value => value.ToString().ToLowerInvariant());
    }

    public static SettingType<T?> OptionalChoice<T>()
        where T : struct, Enum
        => new OptionalType<T, T?>(Choice<T>(), static value => value, static value => (value.HasValue, value.GetValueOrDefault()));

    /// <summary>Plain where YAML reads it back as the same text, else in double quotes.</summary>
    public static string Quote(string text)
        => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '/' or '_' or '-') && text[0] != '-' && text is not ("null" or "true" or "false")
            ? text
            : '"' + string.Concat(text.Select(static c => c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or '\u007f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            })) + '"';

    public static bool TryAddress(string text, out IPAddress? address)
    {
        // IPAddress also reads "127.1", "0x7f000001" and "2130706433", which nobody means in a file.
        address = null;
        var isFour = text.Count(static c => c == '.') == 3 && text.All(static c => char.IsAsciiDigit(c) || c == '.')
            && text.Split('.').All(static part => part.Length is > 0 and <= 3 && (part == "0" || part[0] != '0'));
        return (isFour || (text.Contains(':', StringComparison.Ordinal) && text[0] != '[')) && IPAddress.TryParse(text, out address);
    }

    private static SettingType<T?> Optional<T>(SettingType<T> inner)
        where T : class
        => new OptionalType<T, T>(inner, static value => value, static value => (true, value));

    private static bool TryInteger(string text, out long number)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
