using System.Security.Authentication;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>The settings of TLS, for the whole node and for each surface.</summary>
internal static class TlsSchema
{
    private static readonly FieldType<SslProtocols> Version = new ScalarType<SslProtocols>(
        "1.2 or 1.3",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text == "1.3" ? SslProtocols.Tls13 : SslProtocols.Tls12, text is "1.0" or "1.1" ? "RFC 8996 forbids it" : null);
            return text is "1.2" or "1.3";
        },
        static value => value == SslProtocols.Tls13 ? "\"1.3\"" : "\"1.2\"");

    /// <summary>The settings below a path.</summary>
    /// <param name="path">Of the group.</param>
    /// <param name="get">Reads the group.</param>
    /// <param name="set">Replaces it.</param>
    public static IEnumerable<Setting> Of(string path, Func<Settings, TlsSettings> get, Func<Settings, TlsSettings, Settings> set)
    {
        return
        [
            Of("mode", FieldTypes.OptionalChoice<TlsMode>(), t => t.Mode, (t, v) => t with { Mode = v }, "whether clear text is served beside TLS"),
            .. FilesOf(path, get, set),
            Of("minimum", Optional(Version), t => t.Minimum, (t, v) => t with { Minimum = v }, "oldest version of TLS"),
            Of("clientCertificates", FieldTypes.OptionalChoice<ClientCertificateMode>(), t => t.ClientCertificates, (t, v) => t with { ClientCertificates = v }, "whether clients are asked for a certificate of the network's authority"),
            Of("hsts.enabled", Optional(FieldTypes.Switch), t => t.Hsts, (t, v) => t with { Hsts = v }, "tell browsers to come by TLS alone, where TLS is required"),
            Of("hsts.maxAge", SettingTypes.OptionalSpan(TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)), t => t.HstsMaxAge, (t, v) => t with { HstsMaxAge = v }, "for how long browsers keep to it"),
            Of("hsts.includeSubdomains", Optional(FieldTypes.Switch), t => t.HstsSubdomains, (t, v) => t with { HstsSubdomains = v }, "for names below the host name too"),
            Of("hsts.preload", Optional(FieldTypes.Switch), t => t.HstsPreload, (t, v) => t with { HstsPreload = v }, "ask for a place in browsers' built-in lists; hard to undo"),
        ];

        Setting<T> Of<T>(string name, FieldType<T> type, Func<TlsSettings, T> read, Func<TlsSettings, T, TlsSettings> change, string help)
            => Below(path, get, set, name, type, read, change, help);
    }

    /// <summary>What a surface shows to its clients, for one that leaves nothing else open.</summary>
    /// <param name="path">Of the group.</param>
    /// <param name="get">Reads the group.</param>
    /// <param name="set">Replaces it.</param>
    public static IEnumerable<Setting> FilesOf(string path, Func<Settings, TlsSettings> get, Func<Settings, TlsSettings, Settings> set) =>
    [
        Below(path, get, set, "certificate", SettingTypes.File, t => t.Certificate, (t, v) => t with { Certificate = v }, "certificate, PEM or PKCS #12; null for one of the network's authority"),
        Below(path, get, set, "key", SettingTypes.File, t => t.Key, (t, v) => t with { Key = v }, "private key, PEM, when it is not in the certificate's file"),
        Below(path, get, set, "passwordFile", SettingTypes.File, t => t.PasswordFile, (t, v) => t with { PasswordFile = v }, "file of the key's password"),
    ];

    private static Setting<T> Below<T>(
        string path, Func<Settings, TlsSettings> get, Func<Settings, TlsSettings, Settings> set,
        string name, FieldType<T> type, Func<TlsSettings, T> read, Func<TlsSettings, T, TlsSettings> change, string help)
        => new($"{path}.{name}", type, settings => read(get(settings)), (settings, value) => set(settings, change(get(settings), value)), help);

    private static OptionalType<T, T?> Optional<T>(FieldType<T> inner)
        where T : struct
        => new(inner, static value => value, static value => (value.HasValue, value.GetValueOrDefault()));
}
