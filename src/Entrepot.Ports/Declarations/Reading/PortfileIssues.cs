using Entrepot.Core.Documents;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>What was found in one portfile so far.</summary>
/// <param name="file">The file as it was named.</param>
internal sealed class PortfileIssues(string file)
{
    /// <summary>Most suggestions for misspelt references in one file: each costs a comparison with every name there is.</summary>
    private const int MaxSuggestions = 50;

    private readonly DocumentErrors _warnings = new(file);
    private int _suggestions;

    /// <summary>What makes the file unusable.</summary>
    public DocumentErrors Errors { get; } = new(file);

    /// <summary>What is allowed and probably not meant, in the file's order.</summary>
    public IReadOnlyList<DocumentError> Warnings => _warnings.InOrder;

    /// <summary>True when risks are errors: the operator asked for ports that an auditor accepts.</summary>
    public bool IsStrict { get; set; }

    /// <summary>Reports what is wrong.</summary>
    public void Error(DocumentNode at, string message) => Errors.Add(at, message);

    /// <summary>Reports what is probably not meant.</summary>
    public void Warn(DocumentNode at, string message) => _warnings.Add(at, message);

    /// <summary>Reports what may go well on a trusted network and not under audit.</summary>
    public void Risk(DocumentNode at, string message)
    {
        if (IsStrict)
            Error(at, message);
        else
            Warn(at, message);
    }

    /// <summary>Reports a name that nothing has.</summary>
    public void Unknown(DocumentNode at, string path, string kind, string name, IReadOnlyCollection<string> known)
    {
        var near = _suggestions++ < MaxSuggestions ? Suggestion.For(name, known) : null;
        Error(at, $"{path} names the {kind} '{name}', which the file does not declare{(near is null ? "" : $"; did you mean '{near}'?")}");
    }
}
