using System.Diagnostics.Metrics;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;

namespace Entrepot.Server.Scheduler;

/// <summary>The scheduler's counters, meter <c>Entrepot.Scheduler</c>.</summary>
internal sealed class SchedulerMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Entrepot.Scheduler";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _answers;
    private readonly Counter<long> _exclusions;
    private readonly Counter<long> _failures;

    public SchedulerMetrics()
    {
        _answers = _meter.CreateCounter<long>("entrepot.scheduler.answers", "{answer}", "Files sent on or served, by outcome and edge.");
        _exclusions = _meter.CreateCounter<long>("entrepot.scheduler.exclusions", "{edge}", "Edges left out of a choice, by reason.");
        _failures = _meter.CreateCounter<long>("entrepot.scheduler.edge_failures", "{failure}", "Proxied requests that an edge failed, by edge.");
    }

    /// <summary>Counts an answer and why edges were left out of it.</summary>
    public void Answered(string outcome, NodeName? edge, Selection selection)
    {
        if (_answers.Enabled)
            _answers.Add(1, new("outcome", outcome), new("edge", edge?.Value ?? "none"));
        if (!_exclusions.Enabled)
            return;
        foreach (var excluded in selection.Excluded)
            _exclusions.Add(1, new KeyValuePair<string, object?>("reason", excluded.Reason.ToString()));
    }

    /// <summary>Counts an edge's failure.</summary>
    public void Failed(NodeName edge) => _failures.Add(1, new KeyValuePair<string, object?>("edge", edge.Value));

    public void Dispose() => _meter.Dispose();
}
