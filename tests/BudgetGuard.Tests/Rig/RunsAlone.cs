namespace BudgetGuard.Tests.Rig;

/// <summary>The tests that watch the memory of the whole process, in which nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
