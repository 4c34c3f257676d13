using Entrepot.Core.Documents;
using Entrepot.Ports.Declarations;
using System.Collections.Immutable;

namespace Entrepot.Server.Configuration;

/// <summary>The kinds of value that settings have.</summary>
internal static class SettingTypes
{
    public static FieldType<string> Folder { get; } = new ScalarType<string>(
        "a folder's path",
        static (text, out value, out hint) =>
        {
            value = text;
            hint = text.Contains('\0', StringComparison.Ordinal) ? "it holds a NUL" : null;
            return text.Length > 0 && hint is null;
        },
        FieldTypes.Quote);

    public static FieldType<string> SiteName { get; } = new ScalarType<string>(
        "a site name of 1–63 characters a–z, 0–9 and '-'",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return Core.Identities.NodeName.TryParse(text, out _, out _);
        },
        FieldTypes.Quote);

    public static FieldType<string> NetworkName { get; } = new ScalarType<string>(
        "a host name of at most 253 characters a–z, 0–9, '-' and '.'",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return Trust.Authority.NodeIdentity.IsNetwork(text);
        },
        FieldTypes.Quote);

    public static FieldType<string?> File { get; } = FieldTypes.Optional(new ScalarType<string>(
        "a file's path",
        static (text, out value, out hint) =>
        {
            value = text;
            hint = text.Contains('\0', StringComparison.Ordinal) ? "it holds a NUL" : null;
            return text.Length > 0 && hint is null;
        },
        FieldTypes.Quote));

    public static FieldType<string?> Host { get; } = FieldTypes.Optional(new ScalarType<string>(
        "a host name or IP address without scheme and port",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length <= 253 && Uri.CheckHostName(text.Trim('[', ']')) != UriHostNameType.Unknown;
        },
        FieldTypes.Quote));

    public static FieldType<Uri> BaseUrl { get; } = new ScalarType<Uri>(
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
        static value => FieldTypes.Quote(value.GetLeftPart(UriPartial.Authority)));

    public static FieldType<Uri?> Url { get; } = FieldTypes.Optional(BaseUrl);

    public static FieldType<ImmutableArray<Uri>> Urls { get; } = new UrlsType();

    public static FieldType<string> KeyPrefix { get; } = new ScalarType<string>(
        "what keys begin with: 1–200 characters, '/' first and not last",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length is > 1 and <= 200 && text[0] == '/' && text[^1] != '/' && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-');
        },
        FieldTypes.Quote);

    public static FieldType<AccessRate?> SourceRate { get; } = FieldTypes.Optional(new ScalarType<AccessRate>(
        $"a rate such as 100/hour: 1–{AccessRate.MaxCount} per second, minute, hour or day",
        static (text, out value, out hint) =>
        {
            hint = null;
            return AccessRate.TryParse(text, out value!);
        },
        static value => value.ToString()));

    public static FieldType<int> PortOrAny { get; } = FieldTypes.WholeNumber(0, FieldTypes.MaxPort, "a port, 1–65535, or 0 for any free one");

    public static FieldType<PortRange> PortRange { get; } = new ScalarType<PortRange>(
        "a range of ports such as 54321-54400",
        static (text, out value, out hint) =>
        {
            (value, hint) = (default, null);
            var parts = text.Split('-');
            if (parts.Length != 2 || !FieldTypes.TryWholeNumber(parts[0].Trim(), out var first) || !FieldTypes.TryWholeNumber(parts[1].Trim(), out var last))
                return false;
            hint = first is < 1 or > FieldTypes.MaxPort || last is < 1 or > FieldTypes.MaxPort ? "ports are 1–65535" : first > last ? "the first is above the last" : null;
            value = new PortRange((int)Math.Min(first, FieldTypes.MaxPort), (int)Math.Min(last, FieldTypes.MaxPort));
            return hint is null;
        },
        static value => value.ToString());

    public static FieldType<ImmutableArray<SiteSettings>> Sites { get; } = new SitesType();

    /// <summary>A span of time between two bounds, or null.</summary>
    public static FieldType<TimeSpan?> OptionalSpan(TimeSpan from, TimeSpan to)
        => new OptionalType<TimeSpan, TimeSpan?>(FieldTypes.Span(from, to), static value => value, static value => (value.HasValue, value.GetValueOrDefault()));

    public static FieldType<long> Size(long from, long to) => new ScalarType<long>(
        $"a size such as 10GiB, {ByteSize.Format(from)}–{(to == long.MaxValue ? "8EiB" : ByteSize.Format(to))}",
        (text, out value, out hint) =>
        {
            hint = null;
            return ByteSize.TryParse(text, out value) && value >= from && value <= to;
        },
        ByteSize.Format);

    /// <summary>Bytes per second; zero turns the rule off.</summary>
    public static FieldType<long> Rate(long from, long to) => new ScalarType<long>(
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
}
