import { Dropzone } from '@mantine/dropzone';
import { IconPhotoPlus } from '@tabler/icons-react';
import classes from './drop-target.module.css';

/** The whole page takes pictures that are dropped on it. What is no picture is sent too: the server says so by code. */
export function DropTarget({ onFiles }: { onFiles: (files: File[]) => void }) {
  return (
    <Dropzone.FullScreen
      active
      classNames={{ fullScreen: classes.screen, root: classes.zone }}
      onDrop={onFiles}
      onReject={(rejected) => onFiles(rejected.map(({ file }) => file))}
    >
      <div className={classes.target}>
        <IconPhotoPlus size={56} stroke={1.2} aria-hidden />
        <p>Drop pictures to caption them</p>
      </div>
    </Dropzone.FullScreen>
  );
}
