using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Cli.Certificates;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Server.Client;
using Spectre.Console;

namespace Entrepot.Cli;

/// <summary>One run of a command: its options, its outputs and its network.</summary>
internal sealed class CommandContext : IDisposable
{
    private readonly ParseResult _parse;
    private readonly CommonOptions _options;
    private readonly ClientCredential _credential = new();
    private readonly ClientTrust _trust = new();
    private readonly HttpClient _http;

    public CommandContext(CliEnvironment environment, CommonOptions options, ParseResult parse)
    {
        (Environment, _options, _parse) = (environment, options, parse);
        Format = FormatOf(parse);
        Console = Consoles.Create(environment.Output, environment.OutputIsTerminal, environment);
        _http = environment.CreateHttp(_credential, _trust);
    }

    public CliEnvironment Environment { get; }

    public OutputFormat Format { get; }

    /// <summary>Results for people.</summary>
    public IAnsiConsole Console { get; }

    public HttpClient Http => _http;

    /// <summary>True when progress can be shown: somebody looks, and no program reads.</summary>
    public bool ShowsProgress => Environment.ErrorIsTerminal && Environment.AllowsColour && Format == OutputFormat.Table;

    /// <summary>True when the data folder was named.</summary>
    public bool HasDataFolder => Has(_options.Data);

    /// <summary>The data folder that was named, or the default one.</summary>
    public string DataFolder => _parse.GetValue(_options.Data) ?? Environment.Variable("ENTREPOT_DATA") ?? CommonOptions.DefaultData;

    /// <summary>The format that the command line asks for, also when the rest of it is wrong.</summary>
    public static OutputFormat FormatOf(ParseResult parse)
    {
        for (var i = 0; i < parse.Tokens.Count; i++)
        {
            if (parse.Tokens[i].Value == CommonOptions.OutputName && i + 1 < parse.Tokens.Count)
                return parse.Tokens[i + 1].Value.Equals("json", StringComparison.OrdinalIgnoreCase) ? OutputFormat.Json : OutputFormat.Table;
        }

        return OutputFormat.Table;
    }

    public T? Get<T>(Option<T> option) => _parse.GetValue(option);

    public T Get<T>(Argument<T> argument) => _parse.GetValue(argument)!;

    /// <summary>True when the option was written, whatever its value.</summary>
    public bool Has(Option option) => _parse.GetResult(option) is { Implicit: false };

    /// <summary>Finds the network and connects.</summary>
    /// <exception cref="FaultException">None is known, or it does not answer.</exception>
    public Task<EntrepotClient> ConnectAsync(CancellationToken cancellation)
        => Discovery().ConnectAsync(_parse.GetValue(_options.Server), DataFolder, Has(_options.Data), cancellation);

    /// <summary>Finds the network and connects without any token or session.</summary>
    /// <exception cref="FaultException">None is known, or it does not answer.</exception>
    public Task<EntrepotClient> ConnectAsNobodyAsync(CancellationToken cancellation)
        => Discovery().ConnectAsNobodyAsync(_parse.GetValue(_options.Server), DataFolder, Has(_options.Data), cancellation);

    /// <summary>Shows a session to a surface from now on.</summary>
    public void Show(string session, string surface) => _credential.Use(() => session, [surface]);

    private NetworkDiscovery Discovery()
    {
        if ((_parse.GetValue(_options.Certificate) ?? Environment.Variable("ENTREPOT_CERTIFICATE")) is { Length: > 0 } shown)
            CertificateFolder.Show(_trust, shown);
        if ((_parse.GetValue(_options.Authority) ?? Environment.Variable("ENTREPOT_CA")) is { Length: > 0 } named)
            _trust.Use(named, required: true);
        else
            _trust.Use(Entrepot.Server.Hosting.DataFolder.AuthoritiesFileOf(DataFolder), required: false);
        return new NetworkDiscovery(_http, _credential, Environment, _parse.GetValue(_options.TokenFile), _trust.Shows);
    }

    /// <summary>Writes a result: the document itself for programs, or what <paramref name="show"/> makes of it for people.</summary>
    public void Write<T>(T document, JsonTypeInfo<T> type, Action<T> show)
    {
        if (Format == OutputFormat.Json)
            JsonOutput.Write(Environment.Output, document, type);
        else
            show(document);
    }

    /// <summary>A line for people beside the result.</summary>
    public void Say(string line)
    {
        if (Format == OutputFormat.Table)
            Environment.Output.WriteLine(Printable.Text(line));
    }

    /// <summary>True when somebody is there to answer and did not say yes to everything.</summary>
    public bool CanAsk => !_parse.GetValue(_options.Yes) && Environment.InputIsTerminal && Environment.ErrorIsTerminal && Format == OutputFormat.Table;

    /// <summary>Asks before something is destroyed.</summary>
    /// <param name="question">Ends with a question mark.</param>
    /// <param name="required">True when nobody to ask means no.</param>
    /// <returns>False when the answer was no.</returns>
    /// <exception cref="FaultException"><see cref="CliFault.Unconfirmed"/>.</exception>
    public bool Confirm(string question, bool required)
    {
        if (_parse.GetValue(_options.Yes))
            return true;
        if (!Environment.InputIsTerminal || !Environment.ErrorIsTerminal)
            return !required ? true : throw Fault.Of(
                CliFault.Unconfirmed, FaultKind.Invalid, "this destroys something and nobody is there to confirm it.", "Say --yes.").ToException();
        Environment.Error.Write($"{Printable.Text(question)} [y/N] ");
        return Environment.Input.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES";
    }

    /// <summary>The same run with connections of its own.</summary>
    public CommandContext WithFreshConnections() => new(Environment, _options, _parse);

    public void Dispose() => _http.Dispose();
}
