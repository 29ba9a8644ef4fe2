import { LEAST_PICTURES, type TrainingSchedule } from '@housestyle/contracts';
import { Modal, NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { wordsForError } from '../api/problem-words';
import { Button } from '../look/button';
import classes from './schedule-dialog.module.css';
import { cronOf, isCron, timetableOf, WEEKDAYS, type Rhythm, type Timetable } from './timetable';
import { useLearningActions } from './use-learning';

interface ScheduleDialogProps {
  readonly isOpen: boolean;
  readonly schedule: TrainingSchedule;
  readonly onClose: () => void;
}

const RHYTHMS: readonly { value: Rhythm; label: string }[] = [
  { value: 'daily', label: 'every day' },
  { value: 'weekdays', label: 'Monday to Friday' },
  { value: 'weekly', label: 'once a week' },
  { value: 'custom', label: 'by a cron expression' },
  { value: 'never', label: 'at no fixed time' },
];
const localTime = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });

/** When learning starts by itself. Begun anew each time it is opened. */
export function ScheduleDialog({ isOpen, schedule, onClose }: ScheduleDialogProps) {
  const { schedule: save } = useLearningActions();
  const [isEnabled, setIsEnabled] = useState(schedule.isEnabled);
  const [timetable, setTimetable] = useState<Timetable>(() => timetableOf(schedule.cron));
  const [newReviews, setNewReviews] = useState<number | string>(schedule.newReviews ?? '');
  const [minimumSamples, setMinimumSamples] = useState<number | string>(schedule.minimumSamples);
  const change = (part: Partial<Timetable>) => setTimetable((now) => ({ ...now, ...part }));
  const { rhythm, time, weekday, cron } = timetable;
  const isCronWrong = rhythm === 'custom' && !isCron(cron.trim());
  const isMinimumWrong = typeof minimumSamples !== 'number' || minimumSamples < LEAST_PICTURES;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isCronWrong || isMinimumWrong) return;
    const threshold = typeof newReviews === 'number' && newReviews > 0 ? newReviews : null;
    save.mutate({ isEnabled, cron: cronOf(timetable), newReviews: threshold, minimumSamples }, { onSuccess: onClose });
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="When it learns"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className={classes.form} onSubmit={submit}>
        <Switch
          label="Learn by itself"
          description="Otherwise only when somebody presses “Learn now”"
          checked={isEnabled}
          onChange={(event) => setIsEnabled(event.currentTarget.checked)}
        />
        <fieldset className={classes.group} disabled={!isEnabled}>
          <legend>On a timetable, if there are new reviews</legend>
          <div className={classes.row}>
            <NativeSelect
              aria-label="How often"
              data={RHYTHMS}
              value={rhythm}
              onChange={(event) => change({ rhythm: event.currentTarget.value as Rhythm })}
            />
            {rhythm === 'weekly' && (
              <NativeSelect
                aria-label="Weekday"
                data={WEEKDAYS.map((label, n) => ({ label, value: String(n) }))}
                value={String(weekday)}
                onChange={(event) => change({ weekday: Number(event.currentTarget.value) })}
              />
            )}
            {(rhythm === 'daily' || rhythm === 'weekdays' || rhythm === 'weekly') && (
              <>
                <TextInput
                  type="time"
                  aria-label="Time (UTC)"
                  required
                  value={time}
                  onChange={(event) => change({ time: event.currentTarget.value })}
                />
                <span className={classes.hint}>UTC, {localTimeOf(time)} your time</span>
              </>
            )}
            {rhythm === 'custom' && (
              <TextInput
                className={classes.cron}
                aria-label="Cron expression (UTC)"
                value={cron}
                error={isCronWrong ? 'Five fields: minute hour day month weekday, e.g. 0 3 * * 1-5' : undefined}
                onChange={(event) => change({ cron: event.currentTarget.value })}
              />
            )}
          </div>
        </fieldset>
        <NumberInput
          label="And as soon as there are new reviews"
          description="Accepted or corrected since the last run. Empty: only on the timetable."
          disabled={!isEnabled}
          min={1}
          max={100_000}
          allowDecimal={false}
          value={newReviews}
          onChange={setNewReviews}
        />
        <NumberInput
          label="But not before this many pictures are reviewed"
          description={`Few captions teach little, and say little about whether a version is better: from fewer than ${LEAST_PICTURES} pictures none is promoted.`}
          min={LEAST_PICTURES}
          max={100_000}
          allowDecimal={false}
          error={isMinimumWrong ? `A number from ${LEAST_PICTURES} up` : undefined}
          value={minimumSamples}
          onChange={setMinimumSamples}
        />
        {save.error && <p role="alert">{wordsForError(save.error)}</p>}
        <div className={classes.actions}>
          <Button type="submit" look="pencil" disabled={save.isPending || isCronWrong || isMinimumWrong}>
            Save
          </Button>
          <Button look="ghost" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Today’s, so summer time shifts it as it shifts the timetable. */
function localTimeOf(time: string): string {
  const at = new Date(`${new Date().toISOString().slice(0, 10)}T${time}:00Z`);
  return Number.isNaN(at.getTime()) ? '–' : localTime.format(at);
}
